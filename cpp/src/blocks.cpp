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

const float* Analyzer::segment(const Signal& s, std::int64_t frame) {
    const std::int64_t begin = frame * plan_.settings().hop_length - plan_.offset();
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
      block_floats_(kernel::work_vectors(plan.tables()) * kernels_.lanes),
      row_stride_(scratch_stride<float>(2 * plan.bins())),
      memory_(block_floats_ * (2 + (plan.kept() - 1) / plan.settings().hop_length / kernels_.lanes)),
      rows_(row_stride_ * kernels_.lanes),
      sums_(plan.settings().hop_length * kernels_.lanes) {
    // The frame under way and the (kept - 1) / hop before it may overlap.
    const std::int64_t before = (plan.kept() - 1) / plan.settings().hop_length;
    const std::int64_t count = 1 + (before + kernels_.lanes - 1) / kernels_.lanes;
    for (std::int64_t b = 0; b < count; ++b) blocks_.push_back(memory_.get() + b * block_floats_);
    restart(0);
}

void Synthesizer::restart(std::int64_t frame) {
    next_ = frame;
    begin_ = end();
    for (float* block : blocks_) std::fill(block, block + block_floats_, 0.0F);
}

void Synthesizer::add(const float* spectrum, std::ptrdiff_t row_stride, int rows) {
    constexpr std::int64_t size = sizeof(float);
    kernels_.copy_rows(reinterpret_cast<const unsigned char*>(spectrum), row_stride * size, rows,
                       2 * plan_.bins() * size, reinterpret_cast<unsigned char*>(rows_.get()), row_stride_ * size,
                       false);
    kernels_.inverse(plan_.tables(), rows_.get(), row_stride_, rows, slot());
    add_slot(rows);
}

void Synthesizer::add_slot(int rows) {
    kernels_.overlap_add(plan_.tables(), blocks_.data(), rows, sums_.get());
    if (rows < kernels_.lanes)
        kernels_.realign(plan_.tables(), blocks_.data(), static_cast<int>(blocks_.size()), rows);
    begin_ = end();
    next_ += rows;
    std::rotate(blocks_.begin(), blocks_.end() - 1, blocks_.end());  // the oldest becomes the next slot
}

void Synthesizer::add_nothing() {
    std::fill(slot(), slot() + block_floats_, 0.0F);
    add_slot(kernels_.lanes);
}

void Synthesizer::write(std::int64_t from, std::int64_t to, std::int64_t frames, float* out) const {
    const std::int64_t steady_end = frames * plan_.settings().hop_length, period = plan_.period();
    const float* weights = plan_.steady_weights();
    for (std::int64_t s = from; s < to;) {
        const float* sum = sums(s);
        float* place = out + (s - from);
        if (s < plan_.steady_begin() || s >= steady_end) {
            *place = *sum * plan_.overlap_weight(s, frames);
            ++s;
            continue;
        }
        const std::int64_t phase = s % period, n = std::min({period - phase, to - s, steady_end - s});
        for (std::int64_t i = 0; i < n; ++i) place[i] = sum[i] * weights[phase + i];
        s += n;
    }
}

}  // namespace styleshift
