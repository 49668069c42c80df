"""How much memory a training process holds: of the GPU where there is one, else resident."""

import os
import resource
import sys
from dataclasses import dataclass
from pathlib import Path

import torch


@dataclass(frozen=True)
class Memory:
    """Bytes held now, and the most that this process ever held."""

    now: int
    peak: int

    @classmethod
    def read(cls) -> "Memory":
        if torch.cuda.is_initialized():
            return cls(torch.cuda.memory_allocated(), torch.cuda.max_memory_allocated())
        # Linux counts the peak in KiB, macOS in bytes.
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        pages = Path("/proc/self/statm")
        now = int(pages.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if pages.exists() else peak
        return cls(now, max(now, peak))
