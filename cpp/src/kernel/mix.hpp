// The mean of interleaved channels.
#pragma once

#include "vector.hpp"

namespace {

// Writes the mean of each of `count` frames; adds to powers[0] the squares of the means, to powers[1] those of all samples.
void mix_frames(const float* in, std::int64_t channels, std::int64_t count, float* out, double* powers) {
    const float share = 1.0F / static_cast<float>(channels);
    std::int64_t i = 0;
    Vector mixed{}, all{};
    if (channels == 2) {
        for (; i + lanes <= count; i += lanes) {
            const Vector a = load(in + 2 * i), b = load(in + 2 * i + lanes);
            const Vector mean = (evens(a, b, LaneIndex{}) + odds(a, b, LaneIndex{})) * share;
            store(out + i, mean);
            mixed += mean * mean;
            all += a * a + b * b;
        }
    }
    for (int l = 0; l < lanes; ++l) {
        powers[0] += static_cast<double>(mixed[l]);
        powers[1] += static_cast<double>(all[l]);
    }
    for (; i < count; ++i) {
        const float* frame = in + channels * i;
        float sum = 0.0F, squares = 0.0F;
        for (std::int64_t c = 0; c < channels; ++c) {
            sum += frame[c];
            squares += frame[c] * frame[c];
        }
        out[i] = sum * share;
        powers[0] += static_cast<double>(out[i] * out[i]);
        powers[1] += static_cast<double>(squares);
    }
}

}  // namespace
