// From bins to samples for one block of `lanes` frames: the inverse of frames.hpp, overlap-add, and a round of Griffin-Lim.
#pragma once

#include "frames.hpp"

namespace {

// Loads bins k .. k + count of every row; count <= lanes / 2. Lanes past `rows` are zero.
STYLESHIFT_INLINE void load_bins(const float* spectrum, std::ptrdiff_t row_stride, int rows, std::int64_t k, int count,
                                 Complex* bins) {
    Vector r[lanes];
    for (int l = 0; l < lanes; ++l) {
        if (l >= rows)
            r[l] = Vector{};
        else if (count == lanes / 2)
            r[l] = load(spectrum + l * row_stride + 2 * k);
        else
            r[l] = load_some(spectrum + l * row_stride + 2 * k, 2 * count);
    }
    transpose(r);
    for (int i = 0; i < lanes / 2; ++i) bins[i] = {r[2 * i], r[2 * i + 1]};
}

// The inverse of split, for bins a = k and b = M - k. The inverse transform is the forward one with real and
// imaginary parts exchanged on both sides, so elements are written as (im, re). The imaginary parts of bin 0 and
// of the Nyquist bin carry nothing.
STYLESHIFT_INLINE void merge(const Tables& t, Vector* x, std::int64_t k, Complex a, Complex b) {
    if (k == 0) a.im = b.im = Vector{};
    const Complex even = {a.re + b.re, a.im - b.im};
    const Complex odd = times(Complex{a.re - b.re, a.im + b.im}, t.twiddles[2 * k], -t.twiddles[2 * k + 1]);
    // z[k] = even + i odd and z[M - k] = conj(even) + i conj(odd)
    write(x, k, Complex{even.im + odd.re, even.re - odd.im});
    if (k != 0) write(x, t.fft.length - k, Complex{odd.re - even.im, even.re + odd.im});
}

// The same for an odd length, by the Hartley transform (real_fft.hpp).
STYLESHIFT_INLINE void merge_odd(const Tables& t, Vector* x, std::int64_t k, Complex a) {
    const std::int32_t* position = t.fft.position;
    if (k == 0) {
        x[position[0]] = a.re;
        return;
    }
    x[position[k]] = a.re + a.im;
    x[position[t.fft_length - k]] = a.re - a.im;
}

void inverse_block(const Tables& t, const float* spectrum, std::ptrdiff_t row_stride, int rows, float* work) {
    constexpr int tile = lanes / 2;
    Vector* x = reinterpret_cast<Vector*>(work);
    const std::int64_t m = t.fft.length;
    if (t.packed) {
        for (std::int64_t first = 0; first <= m / 2; first += tile) {
            const std::int64_t k = tile_begin(first, 0, m / 2 + 1, tile);
            const int count = m / 2 + 1 - k < tile ? static_cast<int>(m / 2 + 1 - k) : tile;
            Complex low[tile], high[tile];
            load_bins(spectrum, row_stride, rows, k, count, low);
            load_bins(spectrum, row_stride, rows, m - k - count + 1, count, high);
            for (int i = 0; i < count; ++i) merge(t, x, k + i, low[i], high[count - 1 - i]);
        }
        transform(t.fft, x);
    } else {
        for (std::int64_t first = 0; first < t.bins; first += tile) {
            const std::int64_t k = tile_begin(first, 0, t.bins, tile);
            const int count = t.bins - k < tile ? static_cast<int>(t.bins - k) : tile;
            Complex bins[tile];
            load_bins(spectrum, row_stride, rows, k, count, bins);
            for (int i = 0; i < count; ++i) merge_odd(t, x, k + i, bins[i]);
        }
        transform_real<true>(t.fft, x);
    }
}

// ---- overlap-add --------------------------------------------------------------------------------------

// Columns [begin, end) of `hops` hops; see overlap_add_block. `fixed` is hops where that is known when compiled.
template <int fixed>
STYLESHIFT_INLINE void overlap_columns(const Tables& t, const Vector* const* blocks, int rows, std::int64_t begin,
                                       std::int64_t end, int hops, float* sums) {
    for (std::int64_t first = begin; first < end; first += lanes) {
        const std::int64_t r = tile_begin(first, begin, end, lanes);
        const int count = end - r < lanes ? static_cast<int>(end - r) : lanes;
        Vector tile[lanes] = {};
        // The oldest frame first. Sums begin at +0, so that no zero's sign depends on how blocks are cut.
        if constexpr (fixed > 0) {
            for (int i = 0; i < count; ++i) {
                Vector sum{};
                const auto add = [&](auto hop) {
                    constexpr int k = fixed - 1 - decltype(hop)::number;
                    const std::int64_t n = k * t.hop + r + i, at = t.sample_position[n];
                    const Vector y =
                        shifted<(lanes - k) % lanes>(k == 0 ? blocks[0][at] : blocks[1][at], blocks[0][at]);
                    sum = y * t.synthesis_window[n] + sum;
                };
                [&]<int... k>(std::integer_sequence<int, k...>) {
                    (add(Constant<k>{}), ...);
                }(std::make_integer_sequence<int, fixed>{});
                tile[i] = sum;
            }
        } else {
            for (int k = hops - 1; k >= 0; --k) {
                const Vector* newer = blocks[k / lanes];
                const Vector* older = k % lanes == 0 ? newer : blocks[k / lanes + 1];
                with_constant<0>(k % lanes, [&](auto lane) {
                    constexpr int s = (lanes - decltype(lane)::number) % lanes;
                    for (int i = 0; i < count; ++i) {
                        const std::int64_t n = k * t.hop + r + i, at = t.sample_position[n];
                        tile[i] = shifted<s>(older[at], newer[at]) * t.synthesis_window[n] + tile[i];
                    }
                });
            }
        }
        transpose(tile);
        for (int l = 0; l < rows; ++l) store_some(sums + l * t.hop + r, tile[l], count);
    }
}

// Row l of sums, of hop samples, becomes the samples from frame l's first on: frame l's own first hop, the second
// hop of the frame before it, and so on. blocks[0] is the newest block that `inverse` left, blocks[1] the one
// before: frames that far back are the same lanes of it, moved.
void overlap_add_block(const Tables& t, const float* const* blocks, int rows, float* sums) {
    const auto* x = reinterpret_cast<const Vector* const*>(blocks);
    const int hops = static_cast<int>((t.kept + t.hop - 1) / t.hop);
    const std::int64_t last = t.kept - (hops - 1) * t.hop;
    const auto columns = [&](std::int64_t begin, std::int64_t end, int n) {
        switch (n) {
            case 1: return overlap_columns<1>(t, x, rows, begin, end, n, sums);
            case 2: return overlap_columns<2>(t, x, rows, begin, end, n, sums);
            case 3: return overlap_columns<3>(t, x, rows, begin, end, n, sums);
            case 4: return overlap_columns<4>(t, x, rows, begin, end, n, sums);
            default: return overlap_columns<0>(t, x, rows, begin, end, n, sums);
        }
    };
    columns(0, last, hops);
    columns(last, t.hop, hops - 1);
}

// After a block with fewer frames than lanes: moves frames up, so that the newest is in the last lane again.
void realign_blocks(const Tables& t, float* const* blocks, int count, int rows) {
    for (int b = 0; b < count; ++b)
        for (std::int64_t i = 0; i < t.fft_length; ++i) {
            float both[2 * lanes] = {};
            if (b + 1 < count) __builtin_memcpy(both, blocks[b + 1] + i * lanes, sizeof(Vector));
            __builtin_memcpy(both + lanes, blocks[b] + i * lanes, sizeof(Vector));
            __builtin_memcpy(blocks[b] + i * lanes, both + rows, sizeof(Vector));
        }
}

// ---- Griffin-Lim ---------------------------------------------------------------------------------------

STYLESHIFT_INLINE Complex with_magnitude(Complex x, Vector magnitude, Vector* previous, float momentum) {
    const Complex ahead = {x.re + momentum * (x.re - previous[0]), x.im + momentum * (x.im - previous[1])};
    previous[0] = x.re;
    previous[1] = x.im;
    // A bin of silence has no phase and stays silent: the divisor is never zero.
    const Vector scale = magnitude / square_root(maximum(ahead.re * ahead.re + ahead.im * ahead.im, 1e-36F));
    return {ahead.re * scale, ahead.im * scale};
}

void griffin_lim_block(const Tables& t, const float* work, const float* magnitude, float* previous, float momentum,
                       float* out) {
    const Vector* x = reinterpret_cast<const Vector*>(work);
    const Vector* goal = reinterpret_cast<const Vector*>(magnitude);
    Vector* before = reinterpret_cast<Vector*>(previous);
    Vector* y = reinterpret_cast<Vector*>(out);
    const std::int64_t m = t.fft.length;
    if (t.packed) {
        for (std::int64_t k = 0; k <= m / 2; ++k) {
            const BinPair pair = split(t, x, k);
            const Complex low = with_magnitude(pair.low, goal[k], before + 2 * k, momentum);
            const Complex high =
                2 * k == m ? low : with_magnitude(pair.high, goal[m - k], before + 2 * (m - k), momentum);
            merge(t, y, k, low, high);
        }
        transform(t.fft, y);
    } else {
        for (std::int64_t k = 0; k < t.bins; ++k) {
            const Complex bin = {x[k], x[t.fft_length - k]};
            merge_odd(t, y, k, with_magnitude(bin, goal[k], before + 2 * k, momentum));
        }
        transform_real<true>(t.fft, y);
    }
}

void load_row_block(const Tables& t, const float* in, std::ptrdiff_t row_stride, int rows, float* vectors) {
    Vector* x = reinterpret_cast<Vector*>(vectors);
    for (std::int64_t k = 0; k < t.bins; k += lanes) {
        const int count = t.bins - k < lanes ? static_cast<int>(t.bins - k) : lanes;
        Vector r[lanes];
        for (int l = 0; l < lanes; ++l) {
            const float* p = in + l * row_stride + k;
            r[l] = l >= rows ? Vector{} : count == lanes ? load(p) : load_some(p, count);
        }
        transpose(r);
        for (int i = 0; i < count; ++i) x[k + i] = r[i];
    }
}

}  // namespace
