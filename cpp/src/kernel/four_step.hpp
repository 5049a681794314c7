// One frame at a time, its points along the lanes: everything of a frame stays in the first-level cache.
//
// For packed lengths whose M = fft_length / 2 complex points are P rows of `lanes` (four-step FFT, Bailey 1990): element
// lanes p + l is lane l of vector p. One FFT of P points down the vectors does all lanes at once; its row k is multiplied
// by exp(-2 pi i k l / M); then one FFT of `lanes` points across the lanes, which a transposition turns into FFTs down
// vectors again, and which leaves the bins in order.
#pragma once

#include "elementary.hpp"
#include "fft.hpp"

namespace {

using styleshift::kernel::FourStep;

template <int from, int... I>
STYLESHIFT_INLINE Vector interleaved(Vector a, Vector b, std::integer_sequence<int, I...>) {
    return __builtin_shufflevector(a, b, ((from + I) / 2 + (I % 2) * lanes)...);
}
template <int... I>
STYLESHIFT_INLINE Vector reversed(Vector a, std::integer_sequence<int, I...>) {
    return __builtin_shufflevector(a, a, (lanes - 1 - I)...);
}
// Vector g of a becomes group g of every vector, in order.
STYLESHIFT_INLINE void transpose_groups(Complex* a) {
    const auto one = [&](auto part) {
        if constexpr (lanes == 8) {
            const Vector x = part(a[0]), y = part(a[1]);
            part(a[0]) = groups<4, 0>(x, y, LaneIndex{});
            part(a[1]) = groups<4, 1>(x, y, LaneIndex{});
        }
        if constexpr (lanes == 16) {
            const Vector even01 = groups<4, 0>(part(a[0]), part(a[1]), LaneIndex{});
            const Vector even23 = groups<4, 0>(part(a[2]), part(a[3]), LaneIndex{});
            const Vector odd01 = groups<4, 1>(part(a[0]), part(a[1]), LaneIndex{});
            const Vector odd23 = groups<4, 1>(part(a[2]), part(a[3]), LaneIndex{});
            part(a[0]) = groups<4, 0>(even01, even23, LaneIndex{});
            part(a[2]) = groups<4, 1>(even01, even23, LaneIndex{});
            part(a[1]) = groups<4, 0>(odd01, odd23, LaneIndex{});
            part(a[3]) = groups<4, 1>(odd01, odd23, LaneIndex{});
        }
    };
    one([](Complex& z) -> Vector& { return z.re; });
    one([](Complex& z) -> Vector& { return z.im; });
}

// The 4 x 4 tile that four vectors have in each group, transposed.
STYLESHIFT_INLINE void transpose_in_groups(Complex* a) {
    const auto one = [&](auto part) {
        const Vector p = low_singles(part(a[0]), part(a[1]), LaneIndex{});
        const Vector q = high_singles(part(a[0]), part(a[1]), LaneIndex{});
        const Vector r = low_singles(part(a[2]), part(a[3]), LaneIndex{});
        const Vector s = high_singles(part(a[2]), part(a[3]), LaneIndex{});
        part(a[0]) = low_pairs(p, r, LaneIndex{});
        part(a[1]) = high_pairs(p, r, LaneIndex{});
        part(a[2]) = low_pairs(q, s, LaneIndex{});
        part(a[3]) = high_pairs(q, s, LaneIndex{});
    };
    one([](Complex& z) -> Vector& { return z.re; });
    one([](Complex& z) -> Vector& { return z.im; });
}

// Scratch of a frame: P points for the FFT down the vectors, then the bins, real and imaginary parts by themselves.
struct FrameWork {
    Vector* points;
    float *re, *im;  // [M + 1] and what the last tile writes past them
};
STYLESHIFT_INLINE FrameWork frame_work(const Tables& t, float* work) {
    float* bins = work + 2 * t.fft.length;
    return {reinterpret_cast<Vector*>(work), bins, bins + t.fft.length + 2 * lanes};
}

// FFTs across the lanes of rows k .. k + count of the transform down the vectors, in two steps so that all stays in
// registers: lane 4 g + l of a row is lane l of group g. First the FFT over g, of vectors that hold one group of `sets` rows;
// then, after a transposition within groups, over l.
// put(i, bins rows i + k and on), i = 0 .. lanes, takes them in any order.
template <class Put>
STYLESHIFT_INLINE void lane_transforms(const Tables& t, const FrameWork& w, std::int64_t k, int count, Put&& put) {
    constexpr int sets = lanes / 4;  // groups in a vector
    const auto row = [&](int i) {
        if (i >= count) return Complex{};
        const Complex z = read(w.points, t.four_step.fft.position[k + i]);
        const float* tw = t.four_step.twiddles + (k + i) * 2 * lanes;
        const Vector c = load(tw), s = load(tw + lanes);
        return Complex{z.re * c - z.im * s, z.im * c + z.re * s};
    };
    Complex part[sets][4];
    for (int r = 0; r < 4; ++r) {
        Complex a[sets];
        for (int g = 0; g < sets; ++g) a[g] = row(4 * g + r);
        transpose_groups(a);
        butterfly<sets>(a);
        part[0][r] = a[0];
        for (int q = 1; q < sets; ++q) {
            const Vector c = load(t.four_step.roots + 2 * lanes * q),
                         s = load(t.four_step.roots + 2 * lanes * q + lanes);
            part[q][r] = {a[q].re * c - a[q].im * s, a[q].im * c + a[q].re * s};
        }
    }
    for (int q = 0; q < sets; ++q) {
        Complex a[4];
        for (int r = 0; r < 4; ++r) a[r] = part[q][r];
        transpose_in_groups(a);
        butterfly<4>(a);
        for (int l = 0; l < 4; ++l) put(q + sets * l, a[l]);
    }
}

// The FFT of M points: element lanes p + (0 .. lanes) from source(p); put(k, count, elements k .. k + count) takes the result,
// and may write `lanes` of them: where count is less, what belongs there is put later.
template <class Source, class Put>
STYLESHIFT_INLINE void transform_four_step(const Tables& t, const FrameWork& w, Source&& source, Put&& put) {
    const FourStep& four_step = t.four_step;
    const std::int64_t rows = four_step.fft.length;
    run_stages(w.points, four_step.fft.stages, four_step.fft.stage_count, source);
    // A last tile of fewer rows than lanes goes first, in order.
    std::int64_t k = rows - rows % lanes;
    if (k < rows) {
        Complex z[lanes];
        lane_transforms(t, w, k, static_cast<int>(rows - k), [&](int i, Complex bins) { z[i] = bins; });
        for (int i = 0; i < lanes; ++i) put(rows * i + k, static_cast<int>(rows - k), z[i]);
    }
    while (k > 0) {
        k -= lanes;
        lane_transforms(t, w, k, lanes, [&](int i, Complex bins) { put(rows * i + k, lanes, bins); });
    }
}

// The packed transform z[0 .. M] of a frame, in order, z[M] = z[0].
__attribute__((noinline)) void transform_frame(const Tables& t, const float* samples, float* work) {
    const FrameWork w = frame_work(t, work);
    if (t.kept < t.fft_length) {  // zeros follow; the bins' place is free until the transform is done
        __builtin_memcpy(w.re, samples, static_cast<std::size_t>(t.kept) * sizeof(float));
        __builtin_memset(w.re + t.kept, 0, static_cast<std::size_t>(t.fft_length - t.kept) * sizeof(float));
        samples = w.re;
    }
    const float* window = t.four_step.window;
    transform_four_step(
        t, w,
        [samples, window](std::int64_t p) {
            const Vector a = load(samples + 2 * lanes * p) * load(window + 2 * lanes * p);
            const Vector b = load(samples + 2 * lanes * p + lanes) * load(window + 2 * lanes * p + lanes);
            return Complex{evens(a, b, LaneIndex{}), odds(a, b, LaneIndex{})};
        },
        [w](std::int64_t k, int, Complex z) {
            store(w.re + k, z.re);
            store(w.im + k, z.im);
        });
    w.re[t.fft.length] = w.re[0];
    w.im[t.fft.length] = w.im[0];
}

// Bins k + lanes i + (0 .. lanes) as low[i], and M minus these as high[i], i = 0 .. n.
template <int n>
STYLESHIFT_INLINE void split_tiles(const Tables& t, const FrameWork& w, std::int64_t k, Complex* low, Complex* high) {
    for (int i = 0; i < n; ++i, k += lanes) {
        const std::int64_t back = t.fft.length - k - lanes + 1;
        const Complex a = {load(w.re + k), load(w.im + k)};
        const Complex b = {reversed(load(w.re + back), LaneIndex{}), reversed(load(w.im + back), LaneIndex{})};
        const Vector c = load(t.four_step.split + 2 * k), s = load(t.four_step.split + 2 * k + lanes);
        const Complex even = {a.re + b.re, a.im - b.im}, difference = {a.im + b.im, b.re - a.re};
        const Complex odd = {difference.re * c - difference.im * s, difference.im * c + difference.re * s};
        low[i] = even + odd;
        high[i] = {even.re - odd.re, odd.im - even.im};
    }
}

// Calls put(tiles<n>, k) for tiles of bins from 0 to M / 2, two at a time as long as there are two. With their mirror images
// they are all bins, some of them twice.
template <class Put>
STYLESHIFT_INLINE void for_tiles(const Tables& t, Put&& put) {
    const std::int64_t half = t.fft.length / 2;
    std::int64_t k = 0;
    for (; k + lanes <= half; k += 2 * lanes) put(Constant<2>{}, k);
    if (k <= half) put(Constant<1>{}, k);
}

void frame_complex(const Tables& t, const float* samples, float* work, float* out) {
    transform_frame(t, samples, work);
    const FrameWork w = frame_work(t, work);
    const auto put = [&](std::int64_t k, Vector re, Vector im) {
        store(out + 2 * k, interleaved<0>(re, im, LaneIndex{}));
        store(out + 2 * k + lanes, interleaved<lanes>(re, im, LaneIndex{}));
    };
    for_tiles(t, [&](auto tiles, std::int64_t k) STYLESHIFT_INLINE_LAMBDA {
        constexpr int n = decltype(tiles)::number;
        Complex low[n], high[n];
        split_tiles<n>(t, w, k, low, high);
        for (int i = 0; i < n; ++i, k += lanes) {
            put(t.fft.length - k - lanes + 1, reversed(high[i].re, LaneIndex{}), reversed(high[i].im, LaneIndex{}));
            put(k, low[i].re, low[i].im);
        }
    });
}

template <class Store>
STYLESHIFT_INLINE void frame_compressed(const Tables& t, const CompressionSettings& c, const float* samples,
                                        float* work, Store&& store_values) {
    transform_frame(t, samples, work);
    const FrameWork w = frame_work(t, work);
    const float a = 1.0F / c.scale, b = -c.mean / c.scale;
    const bool power = c.power == 2, normalised = c.mean != 0.0F || c.scale != 1.0F;
    with_compression(c.kind, [&](auto kind) {
        for_tiles(t, [&](auto tiles, std::int64_t k) STYLESHIFT_INLINE_LAMBDA {
            constexpr int n = decltype(tiles)::number;
            Complex bins[2 * n];
            split_tiles<n>(t, w, k, bins, bins + n);
            Vector v[2 * n];
            for (int i = 0; i < 2 * n; ++i) v[i] = bins[i].re * bins[i].re + bins[i].im * bins[i].im;
            if (!power)
                for (int i = 0; i < 2 * n; ++i) v[i] = square_root(v[i]);
            compress_vectors<decltype(kind)::value, 2 * n>(c, v);
            if (normalised)
                for (int i = 0; i < 2 * n; ++i) v[i] = v[i] * a + b;
            for (int i = 0; i < n; ++i, k += lanes) {
                store_values(t.fft.length - k - lanes + 1, reversed(v[n + i], LaneIndex{}));
                store_values(k, v[i]);
            }
        });
    });
}

void frame_float(const Tables& t, const CompressionSettings& c, const float* samples, float* work, float* out) {
    frame_compressed(t, c, samples, work, [&](std::int64_t k, Vector v) { store(out + k, v); });
}

void frame_half(const Tables& t, const CompressionSettings& c, const float* samples, float* work, std::uint16_t* out) {
    frame_compressed(t, c, samples, work, [&](std::int64_t k, Vector v) { store_half(out + k, v, lanes); });
}

// ---- inverse ------------------------------------------------------------------------------------------

// Adds a frame's windowed samples to sums, of which there are fft_length. The inverse transform is the forward one with real
// and imaginary parts exchanged on both sides.
void frame_inverse(const Tables& t, const float* spectrum, float* work, float* sums) {
    const FrameWork w = frame_work(t, work);
    const std::int64_t m = t.fft.length;
    for (std::int64_t k = 0; k <= m / 2; k += lanes) {
        const std::int64_t back = m - k - lanes + 1;
        const auto bins = [&](std::int64_t at) {
            const Vector p = load(spectrum + 2 * at), q = load(spectrum + 2 * at + lanes);
            return Complex{evens(p, q, LaneIndex{}), odds(p, q, LaneIndex{})};
        };
        Complex a = bins(k), b = bins(back);
        b = {reversed(b.re, LaneIndex{}), reversed(b.im, LaneIndex{})};
        if (k == 0) a.im[0] = b.im[0] = 0.0F;  // bin 0 and the Nyquist bin have nothing there
        const Vector c = load(t.four_step.split + 2 * k), s = load(t.four_step.split + 2 * k + lanes);
        const Complex even = {a.re + b.re, a.im - b.im}, difference = {a.re - b.re, a.im + b.im};
        const Complex odd = {difference.re * c + difference.im * s, difference.im * c - difference.re * s};
        // z[k] = even + i odd and z[M - k] = conj(even) + i conj(odd); the low half last: element M is not one.
        store(w.re + back, reversed(even.re + odd.im, LaneIndex{}));
        store(w.im + back, reversed(odd.re - even.im, LaneIndex{}));
        store(w.re + k, even.re - odd.im);
        store(w.im + k, even.im + odd.re);
    }
    const float* window = t.four_step.synthesis_window;
    const auto add = [sums, window](std::int64_t n, int count, Vector v) {
        if (count >= lanes)
            store(sums + n, v * load(window + n) + load(sums + n));
        else
            for (int i = 0; i < count; ++i) sums[n + i] = v[i] * window[n + i] + sums[n + i];
    };
    transform_four_step(
        t, w, [w](std::int64_t p) { return Complex{load(w.im + lanes * p), load(w.re + lanes * p)}; },
        [&](std::int64_t k, int count, Complex z) {
            add(2 * k, 2 * count, interleaved<0>(z.im, z.re, LaneIndex{}));
            add(2 * k + lanes, 2 * count - lanes, interleaved<lanes>(z.im, z.re, LaneIndex{}));
        });
}

}  // namespace
