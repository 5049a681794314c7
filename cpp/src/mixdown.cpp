#include "styleshift/mixdown.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <numbers>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "dispatch.hpp"
#include "kernel/kernels.hpp"
#include "parallel.hpp"
#include "styleshift/plan.hpp"

namespace styleshift {
namespace {

// The low pass, in terms of the lower rate: where it is 6 dB down, in cycles a sample, and to how many samples on either side
// of its middle it reaches. With this window, libsoxr's to 3e-7.
constexpr double cutoff = 0.478436, half_length = 97.25, kaiser_beta = 13.04;

constexpr std::int64_t longest_block = 1 << 16;
// Of a block, so many times half the filter: what overlaps is computed twice.
constexpr double least_filters = 16.0;
// Frames that are mixed at once where the rate stays.
constexpr std::int64_t mixed_frames = 1 << 14;

// A block is of `units` times `down` frames and `units` times `up` samples, of which `guard` units on either side overlap.
struct Sizes {
    std::int64_t up, down, guard, units;
    double half;  // the filter's length to one side, in frames
};

Sizes sizes_of(std::int64_t source_rate, std::int64_t target_rate) {
    const std::int64_t common = std::gcd(source_rate, target_rate);
    Sizes s{target_rate / common, source_rate / common, 0, 2 * kernel::max_lanes, 0.0};
    s.half = half_length * static_cast<double>(source_rate) / static_cast<double>(std::min(source_rate, target_rate));
    s.guard = static_cast<std::int64_t>(std::ceil(s.half / static_cast<double>(s.down)));
    while (static_cast<double>(s.units * s.down) < least_filters * s.half) s.units *= 2;
    return s;
}

bool is_fast(std::int64_t points) {
    for (std::int64_t p = 2; p <= kernel::max_generic; ++p)
        while (points % p == 0) points /= p;
    return points == 1;
}

// Modified Bessel function of the first kind, order 0.
double bessel(double x) {
    double sum = 1.0, term = 1.0;
    for (int k = 1; term > 1e-17 * sum; ++k) {
        term *= x * x / (4.0 * k * k);
        sum += term;
    }
    return sum;
}

// What the bins of a block of `points` frames are multiplied by, to become those of one at the other rate.
std::vector<float> response_of(const Sizes& s, std::int64_t points, std::int64_t other_points) {
    const auto reach = static_cast<std::int64_t>(s.half);
    std::vector<double> taps, cosine;
    double sum = 0.0;
    const double turns = cutoff * half_length / s.half;  // cycles a frame
    for (std::int64_t n = 0; n <= reach; ++n) {
        const double x = static_cast<double>(n), phase = 2.0 * std::numbers::pi * turns * x;
        const double window = bessel(kaiser_beta * std::sqrt(1.0 - x * x / (s.half * s.half)));
        taps.push_back(window * (n == 0 ? 1.0 : std::sin(phase) / phase));
        sum += (n == 0 ? 1.0 : 2.0) * taps.back();
    }
    for (std::int64_t n = 0; n < points; ++n)
        cosine.push_back(std::cos(2.0 * std::numbers::pi * static_cast<double>(n) / static_cast<double>(points)));
    const double gain = static_cast<double>(other_points) / static_cast<double>(points) / sum;
    std::vector<float> response;
    // The last bin, the lower Nyquist frequency's, is 126 dB down, and left out.
    for (std::int64_t k = 0; k < std::min(points, other_points) / 2; ++k) {
        double value = taps[0];
        for (std::int64_t n = 1; n <= reach; ++n)
            value += 2.0 * taps[static_cast<std::size_t>(n)] * cosine[static_cast<std::size_t>(k * n % points)];
        response.push_back(static_cast<float>(gain * value));
    }
    return response;
}

Plan plain_plan(std::int64_t points) { return Plan({points, points, points, Window::rectangular, false}); }

}  // namespace

struct RateChange::State {
    explicit State(const Sizes& s)
        : sizes(s),
          kernels(active_kernels()),
          source(plain_plan(s.units * s.down)),
          target(plain_plan(s.units * s.up)),
          response(response_of(s, s.units * s.down, s.units * s.up)) {}

    // Floats of scratch: for one transform, and for the bins of either.
    std::int64_t work_floats() const {
        return std::max(kernel::frame_work_floats(source.tables()), kernel::frame_work_floats(target.tables()));
    }
    std::int64_t bin_floats() const { return 2 * std::max(source.bins(), target.bins()); }
    // Frames that a block begins after the one before it, and samples that it gives.
    std::int64_t step() const { return (sizes.units - 2 * sizes.guard) * sizes.down; }
    std::int64_t gives() const { return (sizes.units - 2 * sizes.guard) * sizes.up; }

    Sizes sizes;
    const kernel::Kernels& kernels;  // those that the plans' tables are for
    Plan source, target;
    std::vector<float> response;
};

bool RateChange::possible(std::int64_t source_rate, std::int64_t target_rate) {
    if (source_rate < 1 || target_rate < 1 || source_rate == target_rate) return false;
    const Sizes s = sizes_of(source_rate, target_rate);
    return s.units * std::max(s.up, s.down) <= longest_block && s.units > 4 * s.guard && is_fast(s.units * s.up) &&
           is_fast(s.units * s.down);
}

RateChange::RateChange(std::int64_t source_rate, std::int64_t target_rate) {
    if (!possible(source_rate, target_rate)) throw std::invalid_argument("these rates have no blocks in common");
    state_ = std::make_unique<const State>(sizes_of(source_rate, target_rate));
}

RateChange::~RateChange() = default;

struct Mixdown::State {
    State(std::shared_ptr<const RateChange> change, std::int64_t channels)
        : change(std::move(change)),
          channels(channels),
          rate(this->change ? this->change->state_.get() : nullptr),
          block(rate ? rate->source.kept() : 0),
          bins(rate ? rate->bin_floats() : 0),
          work(rate ? rate->work_floats() : 0),
          samples(rate ? rate->target.kept() : 0) {
        if (!rate) return;
        filled = rate->sizes.guard * rate->sizes.down;  // silence before the first frame
        std::fill(block.get(), block.get() + filled, 0.0F);
        std::fill(bins.get(), bins.get() + rate->bin_floats(), 0.0F);
    }

    // The next samples, from a full block; what the next block has in common with it moves to its beginning.
    const float* next_samples() {
        const RateChange::State& r = *rate;
        r.kernels.frame_complex(r.source.tables(), block.get(), work.get(), bins.get());
        const auto count = static_cast<std::int64_t>(r.response.size());
        float* bin = bins.get();
        for (std::int64_t k = 0; k < count; ++k) {
            bin[2 * k] *= r.response[static_cast<std::size_t>(k)];
            bin[2 * k + 1] *= r.response[static_cast<std::size_t>(k)];
        }
        bin[2 * count] = bin[2 * count + 1] = 0.0F;
        std::fill(samples.get(), samples.get() + r.target.kept(), 0.0F);
        r.kernels.frame_inverse(r.target.tables(), bin, work.get(), samples.get());
        filled -= r.step();
        std::memmove(block.get(), block.get() + r.step(), static_cast<std::size_t>(filled) * sizeof(float));
        return samples.get() + r.sizes.guard * r.sizes.up;
    }

    void mix(const float* frames_in, std::int64_t count, float* out) {
        if (channels == 1)
            std::copy(frames_in, frames_in + count, out);
        else
            kernels.mix(frames_in, channels, count, out, powers);
        frames += count;
    }

    std::shared_ptr<const RateChange> change;
    std::int64_t channels;
    const RateChange::State* rate;
    const kernel::Kernels& kernels = active_kernels();
    AlignedFloats block, bins, work, samples;
    std::int64_t filled = 0;  // of block
    std::int64_t frames = 0, given = 0;
    double powers[2] = {0.0, 0.0};
    bool finished = false;
};

Mixdown::Mixdown(std::shared_ptr<const RateChange> change, std::int64_t channels)
    : state_(std::make_unique<State>(std::move(change), channels)) {}

Mixdown::~Mixdown() = default;

std::int64_t Mixdown::channels() const { return state_->channels; }
double Mixdown::mixed_power() const { return state_->powers[0]; }
double Mixdown::channel_power() const { return state_->powers[1]; }

std::int64_t Mixdown::push_gives(std::int64_t frames) const {
    const State& s = *state_;
    if (!s.rate) return frames;
    const std::int64_t length = s.rate->source.kept(), known = s.filled + frames;
    return known < length ? 0 : ((known - length) / s.rate->step() + 1) * s.rate->gives();
}

std::int64_t Mixdown::finish_gives() const {
    const State& s = *state_;
    if (!s.rate) return 0;
    const auto [up, down, guard, units, half] = s.rate->sizes;
    return (2 * s.frames * up + down) / (2 * down) - s.given;
}

void Mixdown::push(const float* block, std::int64_t frames, float* out) {
    State& s = *state_;
    if (s.finished) throw std::logic_error("the mix has been finished; make a new one");
    while (frames > 0) {
        const std::int64_t room = s.rate ? s.rate->source.kept() - s.filled : mixed_frames;
        const std::int64_t count = std::min(frames, room);
        s.mix(block, count, s.rate ? s.block.get() + s.filled : out);
        block += count * s.channels;
        frames -= count;
        if (!s.rate) {
            out += count;
            continue;
        }
        s.filled += count;
        if (count < room) return;
        const std::int64_t gives = s.rate->gives();
        std::copy_n(s.next_samples(), gives, out);
        out += gives;
        s.given += gives;
    }
}

void Mixdown::finish(float* out) {
    State& s = *state_;
    if (s.finished) throw std::logic_error("the mix has been finished; make a new one");
    for (std::int64_t left = finish_gives(); left > 0;) {
        std::fill(s.block.get() + s.filled, s.block.get() + s.rate->source.kept(), 0.0F);
        s.filled = s.rate->source.kept();
        const std::int64_t count = std::min(left, s.rate->gives());
        out = std::copy_n(s.next_samples(), count, out);
        left -= count;
    }
    s.finished = true;
}

}  // namespace styleshift
