"""What the simulations share: the truth as the fleet's tests read it.

Law of this folder: a world lives by its own clock and a seed, so that what is found is found again.
"""

import sys
from pathlib import Path

sys.path.append(
    str(Path(__file__).parents[1] / "fleet")
)  # ground_truth.py and qualys_ground_truth.py
