// The table of functions that each SIMD variant fills in, and the plain data they read.
//
// Nothing here may have inline code with external linkage: this header is compiled into translation units
// with different instruction sets, and the linker keeps one copy of an inline function for all of them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "styleshift/settings.hpp"

namespace styleshift::kernel {

constexpr int max_lanes = 16;      // frames that the widest variant transforms at once
constexpr int max_generic = 61;    // largest prime factor done by a plain O(p^2) butterfly; beyond: Bluestein

// One decimation-in-frequency pass over blocks of radix * m complex elements.
struct Stage {
    int radix;
    std::int64_t m;
    const float* twiddles;  // [m][radix - 1] complex exp(-2 pi i j q / (radix m)), q = 1 .. radix - 1
    const float* roots;     // [radix] complex exp(-2 pi i q / radix), for generic radices
};

// A complex FFT of m points, in place, output element k left at position[k], k = 0 .. length. Or a real one of an odd number
// of points, with the same tables: input element n is taken from position[n], output left in order (real_fft.hpp).
struct FftTables {
    std::int64_t length;
    const Stage* stages;  // radices multiply up to length
    int stage_count;
    const std::int32_t* position;
    // Bluestein (Rabiner, Schafer, Rader 1969): not null when length has a prime factor above max_generic.
    const FftTables* convolution;  // FFT of a length >= 2 length - 1
    const float* chirp;            // [length] complex exp(-i pi n^2 / length)
    const float* chirp_spectrum;  // [convolution->length] complex, FFT of the conjugate chirp over convolution->length
};

// For one frame at a time, its points along the lanes (four_step.hpp). Some lengths cannot be done so: then lanes is 0.
struct FourStep {
    int lanes;  // of the variant that these tables are for
    FftTables fft;  // of Tables::fft.length / lanes points
    const float *window, *synthesis_window;  // [fft_length] those of Tables, zeros after them
    const float*
        twiddles;  // [fft.length][2][lanes] real, then imaginary parts of exp(-2 pi i k l / Tables::fft.length)
    const float* roots;  // [lanes / 4][2][lanes] the same of exp(-2 pi i q (l mod 4) / lanes)
    const float* split;  // [tiles][2][lanes] the same of exp(-2 pi i k / fft_length), up to bin Tables::fft.length / 2
};

// Everything that a kernel needs to know of a plan.
struct Tables {
    std::int64_t fft_length;
    std::int64_t kept;  // samples of the window that are used: min(frame_length, fft_length)
    std::int64_t hop;
    std::int64_t bins;  // fft_length / 2 + 1
    bool packed;  // even fft_length: two real samples make one complex point
    FftTables fft;  // of fft_length / 2 points when packed, else of fft_length
    const float* analysis_window;  // [kept], times 1/2 when packed
    const float* synthesis_window;  // [kept], times 1 / fft_length
    const std::int32_t* sample_position;  // [kept] vector of work where `inverse` leaves sample n
    const float* twiddles;  // packed: [bins] complex exp(-2 pi i k / fft_length)
    FourStep four_step;
};

// Every pointer called `work` is scratch of work_vectors(tables) vectors of `lanes` floats, aligned to 64 bytes. A block is
// `lanes` consecutive frames, one in each SIMD lane; elements of work are vectors of `lanes` floats.
struct Kernels {
    const char* name;
    int lanes;
    // Windows frames segment[l * hop ... + kept) of every lane l, and transforms them.
    void (*forward)(const Tables&, const float* segment, float* work);
    // Writes rows of the spectrum left by `forward` for the first `rows` lanes.
    void (*store_complex)(const Tables&, const float* work, int rows, float* out, std::ptrdiff_t row_stride);
    void (*store_float)(const Tables&, const CompressionSettings&, const float* work, int rows, float* out,
                        std::ptrdiff_t row_stride);
    void (*store_half)(const Tables&, const CompressionSettings&, const float* work, int rows, std::uint16_t* out,
                       std::ptrdiff_t row_stride);
    // One frame's row from its samples, by Tables::four_step.
    void (*frame_complex)(const Tables&, const float* samples, float* work, float* out);
    void (*frame_float)(const Tables&, const CompressionSettings&, const float* samples, float* work, float* out);
    void (*frame_half)(const Tables&, const CompressionSettings&, const float* samples, float* work,
                       std::uint16_t* out);
    // Adds the windowed samples of one frame to sums[0 .. fft_length), by Tables::four_step.
    void (*frame_inverse)(const Tables&, const float* spectrum, float* work, float* sums);
    // Copies rows, round the caches if the whole result will not fit in them: then end_copies must follow before another
    // thread may read them.
    void (*copy_rows)(const unsigned char* in, std::ptrdiff_t in_stride, int rows, std::int64_t bytes,
                      unsigned char* out, std::ptrdiff_t out_stride, bool past_caches);
    void (*end_copies)();
    // Loads `rows` rows of complex bins; transforms them back; work then holds samples.
    void (*inverse)(const Tables&, const float* spectrum, std::ptrdiff_t row_stride, int rows, float* work);
    // Windows and adds what `inverse` left: blocks[0] the newest block, blocks[1] the one before it and so on, as
    // far back as frames overlap. Writes sums of hop samples for each of the first `rows` frames.
    void (*overlap_add)(const Tables&, const float* const* blocks, int rows, float* sums);
    // After a block of `rows` < lanes frames: moves the frames of `count` blocks so that none is missing between
    // them and the next block.
    void (*realign)(const Tables&, float* const* blocks, int count, int rows);
    // One round of Griffin-Lim on a block (phase.cpp): takes the spectrum X that `forward` left, replaces it by
    // magnitude * phase of X + momentum (X - previous), transforms that back into `out` as `inverse` does, and
    // keeps X in previous. magnitude is [bins] vectors, previous [bins] pairs of vectors.
    void (*griffin_lim)(const Tables&, const float* work, const float* magnitude, float* previous, float momentum,
                        float* out);
    // Rows of `bins` floats to [bins] vectors; lanes past `rows` become zero.
    void (*load_rows)(const Tables&, const float* in, std::ptrdiff_t row_stride, int rows, float* vectors);
    // Elementwise compression of magnitudes, and back.
    void (*compress)(const CompressionSettings&, const float* in, std::int64_t count, float* out);
    void (*expand)(const CompressionSettings&, const float* in, std::int64_t count, float* out);
    // The means of `count` frames of interleaved channels; adds their squares to powers[0], those of all samples to powers[1].
    void (*mix)(const float* in, std::int64_t channels, std::int64_t count, float* out, double* powers);
};

// Vectors of scratch that a block needs: packed or not, fft_length of them hold its points.
constexpr std::int64_t work_vectors(const Tables& t) {
    return t.fft_length + (t.fft.convolution != nullptr ? 4 * t.fft.convolution->length : 0) + max_lanes;
}

// Floats of scratch that one frame of Tables::four_step needs.
constexpr std::int64_t frame_work_floats(const Tables& t) { return 4 * t.fft.length + 4 * max_lanes; }

}  // namespace styleshift::kernel

namespace styleshift {
namespace baseline {
const kernel::Kernels& kernels();
}
namespace avx2 {
const kernel::Kernels& kernels();
}
namespace avx512 {
const kernel::Kernels& kernels();
}
}  // namespace styleshift
