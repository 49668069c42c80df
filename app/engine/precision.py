"""The number format that a training run computes in."""

import torch


def training_dtype(on_gpu: bool) -> torch.dtype:
    """bf16 where the hardware multiplies it, else fp32: a processor without such instructions takes three times as
    long in bf16 as in fp32."""
    if on_gpu:
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    able = torch.cpu.get_capabilities()
    return torch.bfloat16 if able.get("avx512_bf16") or able.get("amx_bf16") or able.get("bf16") else torch.float32
