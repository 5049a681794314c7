// bfloat16 in memory, float32 in registers.
#pragma once

#include <cstdint>

#include "kernel/vector.hpp"

namespace {

using UnsignedVector = std::uint32_t __attribute__((vector_size(lanes * 4)));
using ShortVector = std::uint16_t __attribute__((vector_size(lanes * 2)));

STYLESHIFT_INLINE Vector load_bfloat16(const std::uint16_t* p) {
#if defined(__AVX512F__)
    return (Vector)_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i*)p)), 16);
#else
    ShortVector v;
    __builtin_memcpy(&v, p, sizeof v);
    return (Vector)(__builtin_convertvector(v, UnsignedVector) << 16);
#endif
}

// Rounds to nearest, ties to even; NaN stays NaN.
STYLESHIFT_INLINE void store_bfloat16(std::uint16_t* p, Vector v) {
#if defined(__AVX512BF16__)
    _mm256_storeu_si256((__m256i*)p, (__m256i)_mm512_cvtneps_pbh((__m512)v));
#else
    const UnsignedVector bits = (UnsignedVector)v;
    UnsignedVector rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
    rounded = v == v ? rounded : UnsignedVector{} + 0x7fc0;
    const ShortVector packed = __builtin_convertvector(rounded, ShortVector);
    __builtin_memcpy(p, &packed, sizeof packed);
#endif
}

}  // namespace
