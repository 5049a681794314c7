// Phases for magnitudes that have none.
#pragma once

#include <cstdint>

#include "styleshift/plan.hpp"
#include "styleshift/transform.hpp"

namespace styleshift {

struct GriffinLimSettings {
    int iterations = 32;
    float momentum = 0.99F;  // 0: Griffin and Lim 1984; above: the fast form of Perraudin et al. 2013
    std::uint64_t seed = 0;  // of the random phases where none are given
    // Rounds end early where `rounds_between_looks` of them took less than this share of the squared distance between
    // the spectrum's magnitudes and the wanted ones. 0: all iterations, always.
    float least_gain = 0.0F;
};

constexpr int rounds_between_looks = 4;

// Samples whose spectrum has about these magnitudes. magnitude: `signals` times `frames` rows of bins, at least
// 0. initial: complex rows of the same shape whose phases are the start, or data == nullptr for random ones.
// out: rows of `length` samples, out_stride apart. Memory: 12 bytes a bin and signal.
void griffin_lim(const Plan&, const GriffinLimSettings&, Frames<const float> magnitude, Frames<const float> initial,
                 std::int64_t signals, std::int64_t frames, float* out, std::ptrdiff_t out_stride, std::int64_t length,
                 int threads);

struct PghiSettings {
    float tolerance = 1e-6F;  // bins below this share of the largest get random phases
    bool real_time = false;  // frame by frame, each from the one before (Prusa and Sondergaard 2016)
    std::uint64_t seed = 0;
};

// Phase gradient heap integration (Prusa, Balazs, Sondergaard 2017): complex rows with the given magnitudes and
// phases integrated from the magnitudes' own gradients.
void pghi(const Plan&, const PghiSettings&, Frames<const float> magnitude, std::int64_t signals, std::int64_t frames,
          Frames<float> out, int threads);

// gamma of the Gaussian exp(-pi t^2 / gamma) nearest to the plan's window, samples squared; within 2 % of the
// values of Prusa et al. 2017 for the windows that they list.
double gaussian_gamma(const Plan&);

}  // namespace styleshift
