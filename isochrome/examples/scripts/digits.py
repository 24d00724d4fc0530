"""Writes ``digits.npz``, the images that the lab trains on: scikit-learn's digits, in the order that it gives them."""

from __future__ import annotations

import io
import zipfile

import numpy as np

from isochrome.examples.scripts.files import FOLDER


def main() -> None:
    """Write the file; the same bytes at every run."""
    from sklearn.datasets import load_digits  # type: ignore[import-untyped,unused-ignore]

    x, y = load_digits(return_X_y=True)
    arrays = {"x": x.reshape(-1, 8, 8).astype(np.uint8), "y": y.astype(np.uint8)}
    with zipfile.ZipFile(FOLDER / "digits.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            held = io.BytesIO()
            np.save(held, array)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), held.getvalue(), zipfile.ZIP_DEFLATED, 9)


if __name__ == "__main__":
    main()
