"""What a queue does, by formula: requests come at random, and some workers do one after the other."""

import math


def waiting_probability(workers: int, load: float) -> float:
    """Return the probability that a request has to wait (Erlang's formula C).

    Args:
        workers: Number of workers.
        load: Arrivals a second over what all workers do a second, from 0 to below 1.
    """
    offered = workers * load
    terms = [offered**count / math.factorial(count) for count in range(workers)]
    full = offered**workers / math.factorial(workers) / (1 - load)
    return full / (sum(terms) + full)


def seconds_in_system(workers: int, rate: float, arrivals: float, share: float) -> float:
    """Return within how many seconds a share of the requests is answered, where each takes as long as the other.

    That is the queue M/D/c. Its waits are about half of those of M/M/c, where times vary as exponentials do: so this
    takes the exponential tail of M/M/c with half of its mean.

    Args:
        workers: Number of workers.
        rate: Requests that all workers do a second.
        arrivals: Requests that come a second; fewer than ``rate``.
        share: From 0 to 1, such as 0.99.

    Returns:
        Infinity, where more come than can be done.
    """
    if arrivals >= rate:
        return math.inf
    service = workers / rate
    waits = waiting_probability(workers, arrivals / rate)
    longer = 1 - share
    return service if waits <= longer else service + math.log(waits / longer) / (2 * (rate - arrivals))
