"""Architectures from transformers' configurations, small, with random weights; nothing is downloaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

__all__ = ["NETWORKS", "network"]

Made = tuple[nn.Module, dict[str, Any]]
IDS = torch.tensor([[3, 5, 3, 7, 9, 11, 2, 4, 6], [3, 3, 8, 1, 9, 12, 2, 4, 5]])


def _picture(size: int) -> torch.Tensor:
    return torch.linspace(-1, 1, 2 * 3 * size * size).reshape(2, 3, size, size)


def _bert() -> Made:
    from transformers import BertConfig, BertForMaskedLM

    config = BertConfig(vocab_size=50, hidden_size=16, num_hidden_layers=2, num_attention_heads=4, intermediate_size=32)
    return BertForMaskedLM(config), {"input_ids": IDS}


def _albert() -> Made:
    from transformers import AlbertConfig, AlbertForMaskedLM

    config = AlbertConfig(vocab_size=50, embedding_size=8, hidden_size=16, num_hidden_layers=12, num_attention_heads=4, intermediate_size=32)
    return AlbertForMaskedLM(config), {"input_ids": IDS}


def _t5() -> Made:
    from transformers import T5Config, T5ForConditionalGeneration

    config = T5Config(vocab_size=50, d_model=16, d_kv=4, d_ff=32, num_layers=2, num_heads=4)
    return T5ForConditionalGeneration(config), {"input_ids": IDS, "decoder_input_ids": IDS[:, :5]}


def _gpt2() -> Made:
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(vocab_size=50, n_embd=16, n_layer=2, n_head=4, n_positions=32, bos_token_id=0, eos_token_id=0)
    return GPT2LMHeadModel(config), {"input_ids": IDS, "use_cache": False}


def _vit() -> Made:
    from transformers import ViTConfig, ViTForImageClassification

    config = ViTConfig(image_size=32, patch_size=8, hidden_size=16, num_hidden_layers=2, num_attention_heads=4, intermediate_size=32)
    return ViTForImageClassification(config), {"pixel_values": _picture(32)}


def _convnext() -> Made:
    from transformers import ConvNextConfig, ConvNextForImageClassification

    config = ConvNextConfig(depths=[1, 1, 1, 1], hidden_sizes=[8, 16, 16, 32], image_size=64)
    return ConvNextForImageClassification(config), {"pixel_values": _picture(64)}


def _swin() -> Made:
    from transformers import SwinConfig, SwinForImageClassification

    config = SwinConfig(image_size=32, patch_size=2, embed_dim=8, depths=[2, 2], num_heads=[2, 4], window_size=4)
    return SwinForImageClassification(config), {"pixel_values": _picture(32)}


def _mobilenet() -> Made:
    from transformers import MobileNetV2Config, MobileNetV2ForImageClassification

    config = MobileNetV2Config(depth_multiplier=0.25, image_size=64)
    return MobileNetV2ForImageClassification(config), {"pixel_values": _picture(64)}


def _whisper() -> Made:
    from transformers import WhisperConfig, WhisperForConditionalGeneration

    config = WhisperConfig(
        vocab_size=60, d_model=16, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4,
        decoder_attention_heads=4, encoder_ffn_dim=32, decoder_ffn_dim=32, max_source_positions=20, num_mel_bins=8,
        pad_token_id=0, bos_token_id=1, eos_token_id=2, decoder_start_token_id=1, suppress_tokens=None,
        begin_suppress_tokens=None,
    )  # fmt: skip
    sound = torch.linspace(-1, 1, 2 * 8 * 40).reshape(2, 8, 40)
    return WhisperForConditionalGeneration(config), {"input_features": sound, "decoder_input_ids": IDS, "use_cache": False}


NETWORKS: dict[str, Callable[[], Made]] = {
    "BERT": _bert, "ALBERT": _albert, "T5": _t5, "GPT-2": _gpt2, "ViT": _vit, "ConvNeXt": _convnext, "Swin": _swin,
    "MobileNetV2": _mobilenet, "Whisper": _whisper,
}  # fmt: skip


def network(name: str, attention: str = "sdpa") -> Made:
    """A network and its inputs; ``eager`` attention multiplies matrices one by one."""
    torch.manual_seed(0)
    module, inputs = NETWORKS[name]()
    if hasattr(module, "set_attn_implementation") and attention != "sdpa":
        module.set_attn_implementation(attention)
    return module.eval(), inputs
