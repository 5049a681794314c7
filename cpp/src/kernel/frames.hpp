// From samples to bins for one block of `lanes` frames: windowing, transposition, the split of the packed real transform,
// and the stores. frames_inverse.hpp is the way back.
#pragma once

#include "elementary.hpp"
#include "fft.hpp"
#include "real_fft.hpp"

namespace {

// Where the tile of `size` elements that would begin at k begins: rather some elements twice than one that reaches past the end.
STYLESHIFT_INLINE std::int64_t tile_begin(std::int64_t k, std::int64_t begin, std::int64_t end, std::int64_t size) {
    return end - k >= size || end - begin < size ? k : end - size;
}

// Element n of x becomes sample n of every frame times the window; zeros follow up to the FFT's length.
//
// Frames overlap: sample k hop + r of frame l is sample r of hop k + l of the signal. So only one hop of columns
// is transposed, and the rest of the frame is the same vectors with the lanes moved by k.
template <bool packed>
STYLESHIFT_INLINE void load_columns(const Tables& t, const float* segment, std::int64_t begin, std::int64_t end,
                                    int hops, Vector* x) {
    const auto at = [&](std::int64_t n) { return packed ? n : t.fft.position[n]; };
    const float* segment_end = segment + (lanes - 1) * t.hop + t.kept;
    for (std::int64_t first_column = begin; first_column < end; first_column += lanes) {
        const std::int64_t r = tile_begin(first_column, begin, end, lanes);
        const int count = end - r < lanes ? static_cast<int>(end - r) : lanes;
        const auto transposed = [&](int first, Vector* tile) {
            const int rows = hops + lanes - 1 - first < lanes ? hops + lanes - 1 - first : lanes;
            for (int l = 0; l < rows; ++l) {
                const float* p = segment + (first + l) * t.hop + r;
                tile[l] = segment_end - p >= lanes ? load(p) : load_some(p, count);
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
                    for (int i = 0; i < lanes; ++i) x[at(n + i)] = shifted<shift>(now[i], next[i]) * w[i];
                else
                    for (int i = 0; i < count; ++i) x[at(n + i)] = shifted<shift>(now[i], next[i]) * w[i];
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
    for (std::int64_t n = t.kept; n < t.fft_length; ++n) x[packed ? n : t.fft.position[n]] = Vector{};
}

void forward_block(const Tables& t, const float* segment, float* work) {
    Vector* x = reinterpret_cast<Vector*>(work);
    if (t.packed) {
        load_frames<true>(t, segment, x);
        transform(t.fft, x);
    } else {
        load_frames<false>(t, segment, x);
        transform_real<false>(t.fft, x);
        x[t.fft_length] = Vector{};  // the imaginary part of bin 0
    }
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
        const auto columns = [&](std::int64_t k, int count, Vector* r) STYLESHIFT_INLINE_LAMBDA {
            for (int i = 0; i < count; ++i) put(Complex{x[k + i], x[t.fft_length - k - i]}, r + width * i);
        };
        if (t.bins >= tile)
            for (std::int64_t first = 0; first < t.bins; first += tile) {
                const std::int64_t k = tile_begin(first, 0, t.bins, tile);
                Vector r[lanes];
                columns(k, tile, r);
                store_tile<true>(r, width * k, lanes, rows, store_row);
            }
        else {
            Vector r[lanes] = {};
            columns(0, static_cast<int>(t.bins), r);
            store_tile<false>(r, 0, width * static_cast<int>(t.bins), rows, store_row);
        }
        return;
    }
    // Bins k and M - k come from the same two elements; a tile from the low end brings one from the high end.
    const std::int64_t m = t.fft.length, half = m / 2 + 1;
    const auto pairs = [&](std::int64_t k, int count, Vector* low, Vector* high) STYLESHIFT_INLINE_LAMBDA {
        for (int i = 0; i < count; ++i) {
            const BinPair pair = split(t, x, k + i);
            put(pair.low, low + width * i);
            put(pair.high, high + width * (count - 1 - i));
        }
    };
    if (half >= tile) {
        for (std::int64_t first = 0; first < half; first += tile) {
            const std::int64_t k = tile_begin(first, 0, half, tile);
            Vector low[lanes], high[lanes];
            pairs(k, tile, low, high);
            store_tile<true>(low, width * k, lanes, rows, store_row);
            store_tile<true>(high, width * (m - k - tile + 1), lanes, rows, store_row);
        }
    } else {
        const int count = static_cast<int>(half);
        Vector low[lanes] = {}, high[lanes] = {};
        pairs(0, count, low, high);
        store_tile<false>(low, 0, width * count, rows, store_row);
        store_tile<false>(high, width * (m - count + 1), width * count, rows, store_row);
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
            store_bins<1>(t, x, rows, [&](Complex z, Vector* r) { *r = finish(square_root(power(z))); }, store_row);
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
}

}  // namespace
