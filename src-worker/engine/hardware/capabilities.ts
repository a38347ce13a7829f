/**
 * Where a number format begins on a GPU: the one place that says so.
 *
 * NVIDIA compute capabilities: bf16 tensor units from Ampere on, FP8 from Ada on, FP4 from Blackwell on (CUDA C++ Programming
 * Guide, "Compute Capabilities"). AMD: FP8 from CDNA 3 (gfx94x) and RDNA 4 (gfx12), FP4 from CDNA 4 (gfx95x) on (instruction
 * set architectures of CDNA 3, CDNA 4 and RDNA 4).
 */
export const BF16_CAPABILITY = 8.0;
export const FP8_CAPABILITY = 8.9;
export const FP4_CAPABILITY = 10.0;

/** First generation of AMD GPUs whose FP8 units vLLM uses (MI300). */
export const FP8_GFX_GENERATION = 94;
export const AMD_FP8_UNITS = /^gfx(9[4-9]|12)/;
export const AMD_FP4_UNITS = /^gfx9[5-9]/;
