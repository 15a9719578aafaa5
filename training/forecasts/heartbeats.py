"""Simulated heartbeats: four features of the ECG, beat by beat, of hearts that come to be at risk and recover."""

from typing import Final

import numpy as np

from training.forecasts.series import Series
from training.forecasts.weather import memory

EPISODE: Final = 250
"""Beats that a heart stays healthy or at risk, on average."""
ONSET: Final = 25
"""Beats in which the signs of a risk come and go to 1/e."""


def simulate(patients: int, beats: int, *, seed: int) -> list[Series]:
    """Simulate patients, each with a heart of its own.

    A heart at risk, as in ischaemia, beats faster and more regularly, its QRS complex widens, its QT interval grows
    too long for its rate, and its ST segment sinks. It also alternates: every other beat has a longer QT interval and
    a lower ST segment, as in T-wave alternans (Nearing and Verrier, 2002), which no mean of beats shows, and no line
    through them, since nobody knows whether the even or the odd ones are the long ones. Their deviation shows little
    of it, as electrodes that are loose for a while make all beats deviate. The signs come and go within some dozen
    beats; each beat is measured with noise, and each patient has another normal.

    Args:
        patients: How many.
        beats: How many of each.
        seed: Of the random numbers.

    Returns:
        For each patient the inputs (beats, 4): RR interval, QRS duration and QT interval in ms, ST level in mV; and
        the targets (beats, 1): 1 for a beat at risk, 0 for a healthy one.
    """
    random = np.random.default_rng(seed)
    return [_patient(random, beats) for _ in range(patients)]


def _patient(random: np.random.Generator, beats: int) -> Series:
    changes = random.random(beats) < 1 / EPISODE
    risk = (np.cumsum(changes) + random.integers(2)) % 2
    signs = np.empty(beats)
    sign = float(risk[0])
    for beat in range(beats):
        sign += (risk[beat] - sign) / ONSET
        signs[beat] = sign
    breath = np.sin(2 * np.pi * np.arange(beats) / 4.3 + random.uniform(0, 2 * np.pi))
    alternans = signs * (-1.0) ** (np.arange(beats) + random.integers(2))
    normal = random.normal(size=4)
    loose = 1 + 1.5 * np.maximum(0, memory(random, beats, 40))
    rr = 850 + 60 * normal[0] - 32 * signs + 35 * (1 - 0.7 * signs) * breath + 25 * memory(random, beats, 6)
    qrs = 95 + 5 * normal[1] + 4 * signs + 6 * random.normal(size=beats)
    qt = 385 + 10 * normal[2] + 0.15 * (rr - 850) + 14 * signs + 18 * alternans + 10 * loose * random.normal(size=beats)
    st = 0.02 + 0.02 * normal[3] - 0.035 * signs - 0.05 * alternans + 0.05 * loose * memory(random, beats, 3)
    features = np.stack([rr, qrs, qt, st], axis=1)
    return Series(features.astype(np.float32), risk[:, None].astype(np.float32))
