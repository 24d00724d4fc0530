"""The scripts that made the examples: ``python -m isochrome.examples.scripts.NAME`` writes one example's files again.

``stanford`` needs onnx and onnxruntime; ``lenet5`` also PyTorch and scikit-learn; ``photos`` also scikit-image.
"""
