#include "blocks.hpp"

#include <cstring>
#include <type_traits>

namespace styleshift {
namespace {

template <class T>
void convert(const Signal& s, std::int64_t begin, std::int64_t count, float* out) {
    const auto* p = static_cast<const unsigned char*>(s.data) + (begin - s.first) * s.stride;
    for (std::int64_t i = 0; i < count; ++i, p += s.stride) {
        T value;
        std::memcpy(&value, p, sizeof value);  // the array may be unaligned
        if constexpr (std::is_same_v<T, std::int16_t>)
            out[i] = static_cast<float>(value) * (1.0F / 32768.0F);
        else
            out[i] = static_cast<float>(value);
    }
}

}  // namespace

void read_samples(const Signal& s, std::int64_t begin, std::int64_t count, float* out) {
    switch (s.type) {
        case SampleType::float32: return convert<float>(s, begin, count, out);
        case SampleType::float64: return convert<double>(s, begin, count, out);
        case SampleType::int16: return convert<std::int16_t>(s, begin, count, out);
    }
}

const float* Analyzer::segment(const Signal& s, std::int64_t begin) {
    const std::int64_t end = begin + segment_length_;
    if (s.type == SampleType::float32 && s.stride == sizeof(float) && begin >= s.first && end <= s.first + s.count)
        return static_cast<const float*>(s.data) + (begin - s.first);
    float* out = segment_.get();
    const std::int64_t from = std::clamp(s.first, begin, end);
    const std::int64_t to = std::clamp(s.first + s.count, from, end);
    std::fill(out, out + (from - begin), 0.0F);
    if (to > from) read_samples(s, from, to - from, out + (from - begin));
    std::fill(out + (to - begin), out + segment_length_, 0.0F);
    return out;
}

Synthesizer::Synthesizer(const Plan& plan)
    : plan_(plan),
      kernels_(active_kernels()),
      capacity_(kernels_.lanes * plan.settings().hop_length + plan.kept()),
      sums_(capacity_),
      work_(kernel::work_vectors(plan.tables()) * kernels_.lanes) {
    restart(0);
}

void Synthesizer::restart(std::int64_t frame) {
    next_ = frame;
    base_ = frame * plan_.settings().hop_length;
    std::fill(sums_.get(), sums_.get() + capacity_, 0.0F);
}

void Synthesizer::add(const float* spectrum, std::ptrdiff_t row_stride, int rows) {
    kernels_.inverse(plan_.tables(), spectrum, row_stride, rows, work_.get());
    add_samples(work_.get(), rows);
}

void Synthesizer::add_samples(const float* work, int rows) {
    kernels_.overlap_add(plan_.tables(), work, rows,
                         sums_.get() + (next_ * plan_.settings().hop_length - base_));
    next_ += rows;
}

void Synthesizer::emit(std::int64_t begin, std::int64_t end, std::int64_t frames, float* out) const {
    const std::int64_t steady_begin = plan_.kept() - 1;
    const std::int64_t steady_end = frames * plan_.settings().hop_length;
    const std::int64_t period = plan_.period();
    const float* weights = plan_.steady_weights();
    for (std::int64_t s = begin; s < end;) {
        if (s - base_ >= capacity_) {
            std::fill(out + (s - begin), out + (end - begin), 0.0F);
            return;
        }
        if (s < steady_begin || s >= steady_end) {
            out[s - begin] = sums_.get()[s - base_] * plan_.overlap_weight(s, frames);
            ++s;
            continue;
        }
        const std::int64_t phase = s % period;
        const std::int64_t n = std::min({period - phase, end - s, steady_end - s, capacity_ - (s - base_)});
        const float* sums = sums_.get() + (s - base_);
        for (std::int64_t i = 0; i < n; ++i) out[s - begin + i] = sums[i] * weights[phase + i];
        s += n;
    }
}

void Synthesizer::emit_sums(std::int64_t begin, std::int64_t end, float* out) const {
    const std::int64_t known = std::clamp(base_ + capacity_, begin, end);
    std::copy(sums_.get() + (begin - base_), sums_.get() + (known - base_), out);
    std::fill(out + (known - begin), out + (end - begin), 0.0F);
}

void Synthesizer::advance(std::int64_t until) {
    const std::int64_t rest = std::max<std::int64_t>(0, base_ + capacity_ - until);
    std::memmove(sums_.get(), sums_.get() + (capacity_ - rest), static_cast<std::size_t>(rest) * sizeof(float));
    std::fill(sums_.get() + rest, sums_.get() + capacity_, 0.0F);
    base_ = until;
}

}  // namespace styleshift
