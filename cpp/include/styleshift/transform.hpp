// Waveforms to spectra and back, a whole batch a call. All functions throw std::invalid_argument on wrong input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "styleshift/plan.hpp"
#include "styleshift/settings.hpp"

namespace styleshift {

enum class SampleType { float32, float64, int16 };  // int16 is scaled by 1 / 32768

// A stretch of one channel: sample i, for i in [first, first + count), is at data + (i - first) * stride
// bytes. What lies outside counts as zero.
struct Signal {
    const void* data = nullptr;
    SampleType type = SampleType::float32;
    std::ptrdiff_t stride = sizeof(float);
    std::int64_t first = 0;
    std::int64_t count = 0;
};

// Where rows of output go: frame t of signal r at data + r * signal_stride + (t - first frame) * frame_stride,
// in elements of T. A frame is contiguous.
template <class T>
struct Frames {
    T* data = nullptr;
    std::ptrdiff_t signal_stride = 0;
    std::ptrdiff_t frame_stride = 0;
};

struct FrameRange {
    std::int64_t begin = 0, end = 0;
};

// Complex spectra, bins as (re, im) pairs of float.
void stft(const Plan&, std::span<const Signal>, FrameRange, Frames<float> out, int threads);

// Compressed magnitudes; the second form rounds them to IEEE half precision.
void spectrogram(const Plan&, const CompressionSettings&, std::span<const Signal>, FrameRange, Frames<float> out,
                 int threads);
void spectrogram(const Plan&, const CompressionSettings&, std::span<const Signal>, FrameRange,
                 Frames<std::uint16_t> out, int threads);

// Least-squares inverse (Griffin and Lim 1984): `signals` rows of `frames` spectra become rows of `length`
// samples, `out_stride` apart.
void istft(const Plan&, Frames<const float> spectra, std::int64_t signals, std::int64_t frames, float* out,
           std::ptrdiff_t out_stride, std::int64_t length, int threads);

// Elementwise compression of magnitudes and its inverse (a magnitude, at least 0).
void compress(const CompressionSettings&, const float* in, std::int64_t count, float* out, int threads);
void expand(const CompressionSettings&, const float* in, std::int64_t count, float* out, int threads);

}  // namespace styleshift
