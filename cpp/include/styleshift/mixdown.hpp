// Interleaved channels become one at another sample rate, block by block, in memory that does not grow with their length.
#pragma once

#include <cstdint>
#include <memory>

namespace styleshift {

// How samples of one rate become those of another: an FFT of a block, a low pass on its bins, and the inverse FFT of as many
// points as the block has at the other rate (overlap-save; Oppenheim and Schafer, "Discrete-Time Signal Processing", 8.7).
// The low pass is linear-phase, a sinc under a Kaiser window: 126 dB down from the lower Nyquist frequency on, flat to 0.913
// of that, as libsoxr's HQ setting has it. Immutable, so threads may share one.
class RateChange {
public:
    // Whether blocks of both rates are of lengths that are transformed fast; if not, the constructor throws
    // std::invalid_argument.
    static bool possible(std::int64_t source_rate, std::int64_t target_rate);
    RateChange(std::int64_t source_rate, std::int64_t target_rate);
    ~RateChange();

private:
    friend class Mixdown;
    struct State;
    std::unique_ptr<const State> state_;
};

class Mixdown {
public:
    // change: null where the rate stays.
    Mixdown(std::shared_ptr<const RateChange> change, std::int64_t channels);
    ~Mixdown();

    std::int64_t channels() const;
    // Samples that pushing so many more frames will give; that finish() will give. In all they are as many as the frames
    // last at the other rate, rounded half up; sample i is at the time of frame i * source_rate / target_rate.
    std::int64_t push_gives(std::int64_t frames) const;
    std::int64_t finish_gives() const;
    // Both throw std::logic_error after finish().
    void push(const float* block, std::int64_t frames, float* out);
    void finish(float* out);

    // Sums of squares so far: of the mix, and of all channels. Both are 0 where there is one channel.
    double mixed_power() const;
    double channel_power() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace styleshift
