"""How far a share of few texts may be from that of many."""

from scipy.stats import binomtest


def wilson(right: int, count: int) -> tuple[float, float]:
    """Return the 95 % confidence interval of a share.

    It is Wilson's (*Probable Inference, the Law of Succession, and Statistical Inference*, JASA 1927), which stays
    within 0 and 1 and does not vanish where nothing was wrong.

    Args:
        right: How many were right.
        count: Of how many; at least one.
    """
    low, high = binomtest(right, count).proportion_ci(confidence_level=0.95, method="wilson")
    return float(low), float(high)
