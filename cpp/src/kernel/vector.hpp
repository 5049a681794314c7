// A SIMD vector of `lanes` floats by the compiler's own vector extension, the same for every instruction set.
#pragma once

#include <cstdint>
#include <utility>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#define STYLESHIFT_INLINE inline __attribute__((always_inline))
#define STYLESHIFT_INLINE_LAMBDA __attribute__((always_inline))

namespace {

#if defined(__AVX512F__)
constexpr int lanes = 16;
#elif defined(__AVX2__)
constexpr int lanes = 8;
#else
constexpr int lanes = 4;
#endif

using Vector = float __attribute__((vector_size(lanes * 4)));
using IntVector = std::int32_t __attribute__((vector_size(lanes * 4)));

STYLESHIFT_INLINE Vector load(const float* p) {
    Vector v;
    __builtin_memcpy(&v, p, sizeof v);
    return v;
}

STYLESHIFT_INLINE void store(float* p, Vector v) { __builtin_memcpy(p, &v, sizeof v); }

STYLESHIFT_INLINE Vector load_some(const float* p, int count) {
    Vector v{};
    for (int i = 0; i < count; ++i) v[i] = p[i];
    return v;
}

STYLESHIFT_INLINE Vector broadcast(float x) { return Vector{} + x; }
STYLESHIFT_INLINE IntVector as_int(Vector v) { return (IntVector)v; }
STYLESHIFT_INLINE Vector as_float(IntVector v) { return (Vector)v; }
STYLESHIFT_INLINE Vector to_float(IntVector v) { return __builtin_convertvector(v, Vector); }

// NaN in `a` stays: comparisons with it are false.
STYLESHIFT_INLINE Vector maximum(Vector a, float b) { return a < b ? broadcast(b) : a; }
STYLESHIFT_INLINE Vector minimum(Vector a, float b) { return a > b ? broadcast(b) : a; }

STYLESHIFT_INLINE Vector square_root(Vector v) {
#if defined(__AVX512F__)
    return (Vector)_mm512_sqrt_ps((__m512)v);
#elif defined(__AVX2__)
    return (Vector)_mm256_sqrt_ps((__m256)v);
#elif defined(__x86_64__)
    return (Vector)_mm_sqrt_ps((__m128)v);
#elif defined(__aarch64__)
    return (Vector)vsqrtq_f32((float32x4_t)v);
#else
    for (int i = 0; i < lanes; ++i) v[i] = __builtin_sqrtf(v[i]);
    return v;
#endif
}

// Writes a whole aligned vector past the caches, where the machine can: nothing is read for it.
STYLESHIFT_INLINE void stream(float* p, Vector v) {
#if defined(__AVX512F__)
    _mm512_stream_ps(p, (__m512)v);
#elif defined(__AVX2__)
    _mm256_stream_ps(p, (__m256)v);
#elif defined(__x86_64__)
    _mm_stream_ps(p, (__m128)v);
#else
    store(p, v);
#endif
}

// Orders streamed stores before what follows; needed before another thread may read them.
inline void end_stream() {
#if defined(__x86_64__)
    _mm_sfence();
#endif
}

// Rounds to IEEE half precision, ties to even, and stores `count` of them.
STYLESHIFT_INLINE void store_half(std::uint16_t* p, Vector v, int count) {
    std::uint16_t h[lanes];
#if defined(__AVX512F__)
    const __m256i packed = _mm512_cvtps_ph((__m512)v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    if (count == lanes) {
        _mm256_storeu_si256((__m256i*)p, packed);
        return;
    }
    _mm256_storeu_si256((__m256i*)h, packed);
#elif defined(__AVX2__)
    const __m128i packed = _mm256_cvtps_ph((__m256)v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    if (count == lanes) {
        _mm_storeu_si128((__m128i*)p, packed);
        return;
    }
    _mm_storeu_si128((__m128i*)h, packed);
#else
    // Giesen, "float->half variants": normal numbers by integer rounding, subnormals by adding 0.5 so that the
    // float adder rounds them in place, everything above 65520 to infinity, NaN to a quiet NaN.
    const IntVector bits = as_int(v);
    const IntVector sign = bits & INT32_MIN;
    const IntVector a = bits ^ sign;
    const IntVector normal = (a + (0xfff - ((127 - 15) << 23)) + ((a >> 13) & 1)) >> 13;
    const IntVector subnormal = as_int(as_float(a) + 0.5F) - 0x3f000000;
    const IntVector special = a > 0x7f800000 ? IntVector{} + 0x7e00 : IntVector{} + 0x7c00;
    IntVector half = a < (113 << 23) ? subnormal : normal;
    half = a >= 0x477ff000 ? special : half;
    half |= (sign >> 16) & 0x8000;
    for (int i = 0; i < lanes; ++i) h[i] = static_cast<std::uint16_t>(half[i]);
#endif
    for (int i = 0; i < count; ++i) p[i] = h[i];
}

// Transposition of a lanes x lanes tile, in log2(lanes) rounds. Round one and two interleave within groups of
// four floats (cheap on every machine), the later ones exchange whole groups.
template <int... I>
STYLESHIFT_INLINE Vector low_singles(Vector a, Vector b, std::integer_sequence<int, I...>) {
    return __builtin_shufflevector(a, b, ((I & ~3) + ((I & 3) >> 1) + (I & 1) * lanes)...);
}
template <int... I>
STYLESHIFT_INLINE Vector high_singles(Vector a, Vector b, std::integer_sequence<int, I...>) {
    return __builtin_shufflevector(a, b, ((I & ~3) + 2 + ((I & 3) >> 1) + (I & 1) * lanes)...);
}
template <int... I>
STYLESHIFT_INLINE Vector low_pairs(Vector a, Vector b, std::integer_sequence<int, I...>) {
    return __builtin_shufflevector(a, b, ((I & ~3) + (I & 1) + ((I & 2) >> 1) * lanes)...);
}
template <int... I>
STYLESHIFT_INLINE Vector high_pairs(Vector a, Vector b, std::integer_sequence<int, I...>) {
    return __builtin_shufflevector(a, b, ((I & ~3) + 2 + (I & 1) + ((I & 2) >> 1) * lanes)...);
}
// Groups of `size` floats: the even (odd) groups of a, then those of b.
template <int size, int odd, int... I>
STYLESHIFT_INLINE Vector groups(Vector a, Vector b, std::integer_sequence<int, I...>) {
    return __builtin_shufflevector(
        a, b,
        ((I / size) < lanes / size / 2 ? ((I / size) * 2 + odd) * size + I % size
                                       : lanes + ((I / size - lanes / size / 2) * 2 + odd) * size + I % size)...);
}

STYLESHIFT_INLINE void transpose(Vector* r) {
    using Index = std::make_integer_sequence<int, lanes>;
    Vector s[lanes];
    // After this, s[4 g + c] holds column c of each group of four, rows 4 g .. 4 g + 3, one 4x4 tile a group.
    for (int g = 0; g < lanes; g += 4) {
        const Vector a = low_singles(r[g], r[g + 1], Index{});
        const Vector b = high_singles(r[g], r[g + 1], Index{});
        const Vector c = low_singles(r[g + 2], r[g + 3], Index{});
        const Vector d = high_singles(r[g + 2], r[g + 3], Index{});
        s[g] = low_pairs(a, c, Index{});
        s[g + 1] = high_pairs(a, c, Index{});
        s[g + 2] = low_pairs(b, d, Index{});
        s[g + 3] = high_pairs(b, d, Index{});
    }
    if constexpr (lanes == 4) {
        for (int i = 0; i < 4; ++i) r[i] = s[i];
    } else if constexpr (lanes == 8) {
        for (int c = 0; c < 4; ++c) {
            r[c] = groups<4, 0>(s[c], s[4 + c], Index{});
            r[4 + c] = groups<4, 1>(s[c], s[4 + c], Index{});
        }
    } else {
        for (int c = 0; c < 4; ++c) {
            // Group k of s[4 g + c] is column 4 k + c of rows 4 g ..; gather group k of all four g.
            const Vector even01 = groups<4, 0>(s[c], s[4 + c], Index{});       // groups 0, 2 of g = 0, then 1
            const Vector even23 = groups<4, 0>(s[8 + c], s[12 + c], Index{});
            const Vector odd01 = groups<4, 1>(s[c], s[4 + c], Index{});
            const Vector odd23 = groups<4, 1>(s[8 + c], s[12 + c], Index{});
            r[c] = groups<4, 0>(even01, even23, Index{});
            r[8 + c] = groups<4, 1>(even01, even23, Index{});
            r[4 + c] = groups<4, 0>(odd01, odd23, Index{});
            r[12 + c] = groups<4, 1>(odd01, odd23, Index{});
        }
    }
}

// The first four columns' worth of work of `transpose` for four rows: r[i] gets column i in its first four lanes.
STYLESHIFT_INLINE void transpose_four_rows(Vector* r) {
    using Index = std::make_integer_sequence<int, lanes>;
    const Vector a = low_singles(r[0], r[1], Index{}), b = high_singles(r[0], r[1], Index{});
    const Vector c = low_singles(r[2], r[3], Index{}), d = high_singles(r[2], r[3], Index{});
    const Vector s[4] = {low_pairs(a, c, Index{}), high_pairs(a, c, Index{}), low_pairs(b, d, Index{}),
                         high_pairs(b, d, Index{})};
    for (int i = 0; i < 4; ++i) {
        r[i] = s[i];
        if constexpr (lanes >= 8) r[4 + i] = groups<4, 1>(s[i], s[i], Index{});
        if constexpr (lanes == 16) {
            r[8 + i] = groups<8, 1>(s[i], s[i], Index{});
            r[12 + i] = groups<4, 1>(r[8 + i], r[8 + i], Index{});
        }
    }
}

// Lanes shift .. shift + lanes of `a` followed by `b`.
template <int shift, int... I>
STYLESHIFT_INLINE Vector shifted(Vector a, Vector b, std::integer_sequence<int, I...>) {
    return __builtin_shufflevector(a, b, (I + shift)...);
}
template <int shift>
STYLESHIFT_INLINE Vector shifted(Vector a, Vector b) {
    if constexpr (shift == 0)
        return a;
    else
        return shifted<shift>(a, b, std::make_integer_sequence<int, lanes>{});
}

// Every second lane of `a` followed by `b`.
template <int... I>
STYLESHIFT_INLINE Vector evens(Vector a, Vector b, std::integer_sequence<int, I...>) {
    return __builtin_shufflevector(a, b, (2 * I)...);
}
template <int... I>
STYLESHIFT_INLINE Vector odds(Vector a, Vector b, std::integer_sequence<int, I...>) {
    return __builtin_shufflevector(a, b, (2 * I + 1)...);
}
using LaneIndex = std::make_integer_sequence<int, lanes>;

template <int value>
struct Constant {
    static constexpr int number = value;
};

// Calls f(Constant<n>) for n = first .. end - 1, written out: arrays that f indexes then are registers.
template <int first, int end, class F>
STYLESHIFT_INLINE void unrolled(F&& f) {
    if constexpr (first < end) {
        f(Constant<first>{});
        unrolled<first + 1, end>(f);
    }
}

// Calls f(Constant<n>) for n = 0 .. lanes - 1.
template <int n, class F>
STYLESHIFT_INLINE void with_constant(int value, F&& f) {
    if constexpr (n < lanes) {
        if (value == n)
            f(Constant<n>{});
        else
            with_constant<n + 1>(value, f);
    }
}

}  // namespace
