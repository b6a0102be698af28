"""The report itself: rows in, table out, without any storage."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

__all__ = ["summarise"]


def summarise(sales: list[dict[str, Any]]) -> pd.DataFrame:
    """One line per article: how often it was sold, for how much, and its share of the day."""
    frame = pd.DataFrame(sales, columns=["sku", "amount"])
    frame["amount"] = frame["amount"].astype(float)
    table = frame.groupby("sku")["amount"].agg(sold="count", amount="sum").reset_index()
    whole = table["amount"].sum()
    table["share"] = np.where(whole > 0, table["amount"] / (whole or 1.0), 0.0).round(4)
    return table.sort_values(["amount", "sku"], ascending=[False, True], ignore_index=True)
