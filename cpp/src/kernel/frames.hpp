// From samples to bins and back for one block of `lanes` frames: windowing, transposition, the split of the
// packed real transform, and the stores.
#pragma once

#include "elementary.hpp"
#include "fft.hpp"

namespace {

// ---- forward ------------------------------------------------------------------------------------------

// Element n of x becomes sample n of every frame times the window; zeros follow up to the FFT's length.
//
// Frames overlap: sample k hop + r of frame l is sample r of hop k + l of the signal. So only one hop of columns
// is transposed, and the rest of the frame is the same vectors with the lanes moved by k.
template <bool packed>
STYLESHIFT_INLINE void load_columns(const Tables& t, const float* segment, std::int64_t begin, std::int64_t end,
                                    int hops, Vector* x) {
    constexpr std::int64_t step = packed ? 1 : 2;  // unpacked: samples are real parts, imaginary parts are zero
    for (std::int64_t r = begin; r < end; r += lanes) {
        const int count = end - r < lanes ? static_cast<int>(end - r) : lanes;
        const auto transposed = [&](int first, Vector* tile) {
            const int rows = hops + lanes - 1 - first < lanes ? hops + lanes - 1 - first : lanes;
            for (int l = 0; l < rows; ++l) {
                const float* p = segment + (first + l) * t.hop + r;
                tile[l] = count == lanes ? load(p) : load_some(p, count);
            }
            for (int l = rows; l < lanes; ++l) tile[l] = Vector{};
            if (rows <= 4)
                transpose_four_rows(tile);
            else
                transpose(tile);
        };
        Vector now[lanes], next[lanes];
        transposed(0, now);
        for (int k = 0; k < hops; k += lanes) {
            if (hops - 1 > k) transposed(k + lanes, next);
            // Hops k + shift of the frames, for the shifts that there are.
            const auto store_shifted = [&](auto lane) {
                constexpr int shift = decltype(lane)::number;
                if (k + shift >= hops) return;
                const std::int64_t n = (k + shift) * t.hop + r;
                const float* w = t.analysis_window + n;
                if (count == lanes)
                    for (int i = 0; i < lanes; ++i) x[(n + i) * step] = shifted<shift>(now[i], next[i]) * w[i];
                else
                    for (int i = 0; i < count; ++i) x[(n + i) * step] = shifted<shift>(now[i], next[i]) * w[i];
                if constexpr (!packed)
                    for (int i = 0; i < count; ++i) x[(n + i) * 2 + 1] = Vector{};
            };
            [&]<int... shift>(std::integer_sequence<int, shift...>) {
                (store_shifted(Constant<shift>{}), ...);
            }(std::make_integer_sequence<int, lanes>{});
            if (k + lanes < hops)
                for (int i = 0; i < lanes; ++i) now[i] = next[i];
        }
    }
}

template <bool packed>
STYLESHIFT_INLINE void load_frames(const Tables& t, const float* segment, Vector* x) {
    const int hops = static_cast<int>((t.kept + t.hop - 1) / t.hop);
    const std::int64_t last = t.kept - (hops - 1) * t.hop;  // columns that reach into the frame's last hop
    load_columns<packed>(t, segment, 0, last, hops, x);
    load_columns<packed>(t, segment, last, t.hop, hops - 1, x);
    for (std::int64_t n = t.kept * (packed ? 1 : 2); n < 2 * t.fft.length; ++n) x[n] = Vector{};
}

void forward_block(const Tables& t, const float* segment, float* work) {
    Vector* x = reinterpret_cast<Vector*>(work);
    if (t.packed)
        load_frames<true>(t, segment, x);
    else
        load_frames<false>(t, segment, x);
    transform(t.fft, x);
}

// Bins k and M - k of the packed transform z of even and odd samples, from z[k] and z[M-k] (Sorensen et al.
// 1987). The halves are in the window already.
struct BinPair {
    Complex low, high;
};
STYLESHIFT_INLINE BinPair split(const Tables& t, const Vector* x, std::int64_t k) {
    const Complex a = read(x, t.fft.position[k]);
    const Complex b = read(x, t.fft.position[t.fft.length - k]);  // position[length] is position[0]
    const Complex even = {a.re + b.re, a.im - b.im};
    const Complex odd = times(Complex{a.im + b.im, b.re - a.re}, t.twiddles[2 * k], t.twiddles[2 * k + 1]);
    return {even + odd, {even.re - odd.re, odd.im - even.im}};
}

// Writes `count` values of each row, from column `column` on, given the columns as vectors.
template <bool full, class Store>
STYLESHIFT_INLINE void store_tile(Vector* r, std::int64_t column, int count, int rows, Store&& store_row) {
    transpose(r);
    if (rows == lanes)
        for (int l = 0; l < lanes; ++l) store_row(l, column, full ? lanes : count, r[l]);
    else
        for (int l = 0; l < rows; ++l) store_row(l, column, full ? lanes : count, r[l]);
}

// Every bin becomes `width` vectors by put(bin, vectors); tiles of them are transposed and stored as rows.
template <int width, class Put, class Store>
STYLESHIFT_INLINE void store_bins(const Tables& t, const Vector* x, int rows, Put&& put, Store&& store_row) {
    constexpr int tile = lanes / width;
    if (!t.packed) {
        for (std::int64_t k = 0; k < t.bins; k += tile) {
            const int count = t.bins - k < tile ? static_cast<int>(t.bins - k) : tile;
            Vector r[lanes] = {};
            for (int i = 0; i < count; ++i) put(read(x, t.fft.position[k + i]), r + width * i);
            store_tile<false>(r, width * k, width * count, rows, store_row);
        }
        return;
    }
    // Bins k and M - k come from the same two elements; a tile from the low end brings one from the high end.
    const std::int64_t m = t.fft.length, half = m / 2 + 1;
    std::int64_t k = 0;
    for (; k + tile <= half; k += tile) {
        Vector low[lanes], high[lanes];
        for (int i = 0; i < tile; ++i) {
            const BinPair pair = split(t, x, k + i);
            put(pair.low, low + width * i);
            put(pair.high, high + width * (tile - 1 - i));
        }
        store_tile<true>(low, width * k, lanes, rows, store_row);
        store_tile<true>(high, width * (m - k - tile + 1), lanes, rows, store_row);
    }
    if (k < half) {
        const int count = static_cast<int>(half - k);
        Vector low[lanes] = {}, high[lanes] = {};
        for (int i = 0; i < count; ++i) {
            const BinPair pair = split(t, x, k + i);
            put(pair.low, low + width * i);
            put(pair.high, high + width * (count - 1 - i));
        }
        store_tile<false>(low, width * k, width * count, rows, store_row);
        store_tile<false>(high, width * (m - k - count + 1), width * count, rows, store_row);
    }
}

STYLESHIFT_INLINE void store_some(float* p, Vector v, int count) {
    if (count == lanes)
        store(p, v);
    else
        for (int i = 0; i < count; ++i) p[i] = v[i];
}

void store_complex_block(const Tables& t, const float* work, int rows, float* out, std::ptrdiff_t row_stride) {
    store_bins<2>(
        t, reinterpret_cast<const Vector*>(work), rows,
        [](Complex bin, Vector* r) {
            r[0] = bin.re;
            r[1] = bin.im;
        },
        [&](int l, std::int64_t column, int count, Vector v) { store_some(out + l * row_stride + column, v, count); });
}

template <class Store>
STYLESHIFT_INLINE void store_compressed(const Tables& t, const CompressionSettings& c, const float* work, int rows,
                                        Store&& store_row) {
    const float a = 1.0F / c.scale, b = -c.mean / c.scale;
    const Vector* x = reinterpret_cast<const Vector*>(work);
    with_compression(c.kind, [&](auto kind) {
        const auto finish = [&](Vector v) {
            compress_vectors<decltype(kind)::value, 1>(c, &v);
            return v * a + b;
        };
        const auto power = [](Complex z) { return z.re * z.re + z.im * z.im; };
        if (c.power == 1)
            store_bins<1>(
                t, x, rows, [&](Complex z, Vector* r) { *r = finish(square_root(power(z))); }, store_row);
        else
            store_bins<1>(t, x, rows, [&](Complex z, Vector* r) { *r = finish(power(z)); }, store_row);
    });
}

void store_float_block(const Tables& t, const CompressionSettings& c, const float* work, int rows, float* out,
                       std::ptrdiff_t row_stride) {
    store_compressed(t, c, work, rows, [&](int l, std::int64_t column, int count, Vector v) {
        store_some(out + l * row_stride + column, v, count);
    });
}

void store_half_block(const Tables& t, const CompressionSettings& c, const float* work, int rows, std::uint16_t* out,
                      std::ptrdiff_t row_stride) {
    store_compressed(t, c, work, rows, [&](int l, std::int64_t column, int count, Vector v) {
        store_half(out + l * row_stride + column, v, count);
    });
}

// Copies rows of `bytes` bytes; `past_caches` for results too large to stay there. Lines of the cache that a row
// shares with its neighbour go through the cache, so that none is written in two halves.
void copy_rows_block(const unsigned char* in, std::ptrdiff_t in_stride, int rows, std::int64_t bytes,
                     unsigned char* out, std::ptrdiff_t out_stride, bool past_caches) {
    constexpr std::int64_t line = 64;
    for (int l = 0; l < rows; ++l, in += in_stride, out += out_stride) {
        const std::int64_t head = (line - reinterpret_cast<std::uintptr_t>(out) % line) % line;
        if (!past_caches || bytes < head + line) {
            __builtin_memcpy(out, in, static_cast<std::size_t>(bytes));
            continue;
        }
        __builtin_memcpy(out, in, static_cast<std::size_t>(head));
        std::int64_t i = head;
        for (; i + line <= bytes; i += line)
            for (std::int64_t j = 0; j < line; j += sizeof(Vector)) {
                Vector v;
                __builtin_memcpy(&v, in + i + j, sizeof v);
                stream(reinterpret_cast<float*>(out + i + j), v);
            }
        __builtin_memcpy(out + i, in + i, static_cast<std::size_t>(bytes - i));
    }
    if (past_caches) end_stream();
}

// ---- inverse ------------------------------------------------------------------------------------------

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

// The same for an odd length, where bin k is element k and its conjugate element N - k.
STYLESHIFT_INLINE void mirror(const Tables& t, Vector* x, std::int64_t k, Complex a) {
    if (k == 0) a.im = Vector{};
    write(x, k, Complex{a.im, a.re});
    if (k != 0) write(x, t.fft.length - k, Complex{-a.im, a.re});
}

void inverse_block(const Tables& t, const float* spectrum, std::ptrdiff_t row_stride, int rows, float* work) {
    constexpr int tile = lanes / 2;
    Vector* x = reinterpret_cast<Vector*>(work);
    const std::int64_t m = t.fft.length;
    if (t.packed) {
        for (std::int64_t k = 0; k <= m / 2; k += tile) {
            const int count = m / 2 + 1 - k < tile ? static_cast<int>(m / 2 + 1 - k) : tile;
            Complex low[tile], high[tile];
            load_bins(spectrum, row_stride, rows, k, count, low);
            load_bins(spectrum, row_stride, rows, m - k - count + 1, count, high);
            for (int i = 0; i < count; ++i) merge(t, x, k + i, low[i], high[count - 1 - i]);
        }
    } else {
        for (std::int64_t k = 0; k < t.bins; k += tile) {
            const int count = t.bins - k < tile ? static_cast<int>(t.bins - k) : tile;
            Complex bins[tile];
            load_bins(spectrum, row_stride, rows, k, count, bins);
            for (int i = 0; i < count; ++i) mirror(t, x, k + i, bins[i]);
        }
    }
    transform(t.fft, x);
}

// ---- overlap-add --------------------------------------------------------------------------------------

// Columns [begin, end) of `hops` hops; see overlap_add_block. `fixed` is hops where that is known when compiled.
template <int fixed>
STYLESHIFT_INLINE void overlap_columns(const Tables& t, const Vector* const* blocks, int rows, std::int64_t begin,
                                       std::int64_t end, int hops, float* sums) {
    for (std::int64_t r = begin; r < end; r += lanes) {
        const int count = end - r < lanes ? static_cast<int>(end - r) : lanes;
        Vector tile[lanes] = {};
        // The oldest frame first. Sums begin at +0, so that no zero's sign depends on how blocks are cut.
        if constexpr (fixed > 0) {
            for (int i = 0; i < count; ++i) {
                Vector sum{};
                const auto add = [&](auto hop) {
                    constexpr int k = fixed - 1 - decltype(hop)::number;
                    const std::int64_t n = k * t.hop + r + i, at = t.sample_position[n];
                    const Vector y = shifted<(lanes - k) % lanes>(k == 0 ? blocks[0][at] : blocks[1][at], blocks[0][at]);
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
        for (std::int64_t i = 0; i < 2 * t.fft.length; ++i) {
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
    } else {
        for (std::int64_t k = 0; k < t.bins; ++k)
            mirror(t, y, k, with_magnitude(read(x, t.fft.position[k]), goal[k], before + 2 * k, momentum));
    }
    transform(t.fft, y);
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
