#include "blocks.hpp"

#include <cstring>
#include <type_traits>

namespace styleshift {
namespace {

// Floats of a spectrum that are copied to scratch at once where frames go one by one: a share of the second-level cache.
constexpr std::int64_t copied_values = 1 << 16;

template <class T>
void convert(const Signal& s, std::int64_t begin, std::int64_t count, float* out) {
    const auto* p = static_cast<const unsigned char*>(s.data) + (begin - s.first) * s.stride;
    if (std::is_same_v<T, float> && s.stride == sizeof(float)) {
        std::memcpy(out, p, static_cast<std::size_t>(count) * sizeof(float));
        return;
    }
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

Synthesizer::Synthesizer(const Plan& plan, bool with_slot)
    : plan_(plan),
      kernels_(active_kernels()),
      one_by_one_(!with_slot && goes_one_by_one(plan)),
      block_floats_(one_by_one_ ? kernel::frame_work_floats(plan.tables())
                                : kernel::work_vectors(plan.tables()) * kernels_.lanes),
      // The frame under way and the (kept - 1) / hop before it may overlap.
      block_count_(
          one_by_one_ ? 1 : 1 + ((plan.kept() - 1) / plan.settings().hop_length + kernels_.lanes - 1) / kernels_.lanes),
      row_stride_(scratch_stride<float>(2 * plan.bins())),
      memory_(block_floats_ * block_count_),
      rows_at_once_(one_by_one_
                        ? static_cast<int>(std::clamp<std::int64_t>(copied_values / row_stride_, 1, kernels_.lanes))
                        : kernels_.lanes),
      rows_(with_slot ? 0 : row_stride_ * rows_at_once_),
      sum_count_(plan.settings().hop_length * kernels_.lanes),
      sums_(0) {
    if (one_by_one_)
        sum_count_ = std::max(sum_count_, sum_count_ - plan.settings().hop_length + plan.settings().fft_length);
    sums_ = AlignedFloats(sum_count_);
    for (std::int64_t b = 0; b < block_count_; ++b) blocks_.push_back(memory_.get() + b * block_floats_);
    restart(0);
}

void Synthesizer::restart(std::int64_t frame) {
    next_ = frame;
    begin_ = end();
    if (one_by_one_) return std::fill(sums_.get(), sums_.get() + sum_count_, 0.0F);
    for (float* block : blocks_) std::fill(block, block + block_floats_, 0.0F);
}

void Synthesizer::drop_ready_sums() {
    float* sums = sums_.get();
    std::copy(sums + (end() - begin_), sums + sum_count_, sums);
    std::fill(sums + sum_count_ - (end() - begin_), sums + sum_count_, 0.0F);
}

void Synthesizer::copy_rows(const float* spectrum, std::ptrdiff_t row_stride, int rows) {
    constexpr std::int64_t size = sizeof(float);
    kernels_.copy_rows(reinterpret_cast<const unsigned char*>(spectrum), row_stride * size, rows,
                       2 * plan_.bins() * size, reinterpret_cast<unsigned char*>(rows_.get()), row_stride_ * size,
                       false);
}

void Synthesizer::add(const float* spectrum, std::ptrdiff_t row_stride, int rows) {
    if (one_by_one_) {
        drop_ready_sums();
        // Many rows are brought near at once, in order: a frame needs its bins from both ends, which no machine foresees.
        for (int r = 0; r < rows; ++r) {
            if (r % rows_at_once_ == 0)
                copy_rows(spectrum + r * row_stride, row_stride, std::min(rows - r, rows_at_once_));
            kernels_.frame_inverse(plan_.tables(), rows_.get() + r % rows_at_once_ * row_stride_, slot(),
                                   sums_.get() + r * plan_.settings().hop_length);
        }
        begin_ = end();
        next_ += rows;
        return;
    }
    copy_rows(spectrum, row_stride, rows);
    kernels_.inverse(plan_.tables(), rows_.get(), row_stride_, rows, slot());
    add_slot(rows);
}

void Synthesizer::add_slot(int rows) {
    kernels_.overlap_add(plan_.tables(), blocks_.data(), rows, sums_.get());
    if (rows < kernels_.lanes) kernels_.realign(plan_.tables(), blocks_.data(), static_cast<int>(blocks_.size()), rows);
    begin_ = end();
    next_ += rows;
    std::rotate(blocks_.begin(), blocks_.end() - 1, blocks_.end());  // the oldest becomes the next slot
}

void Synthesizer::add_nothing() {
    if (one_by_one_) {
        drop_ready_sums();
        begin_ = end();
        next_ += kernels_.lanes;
        return;
    }
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
