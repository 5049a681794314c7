// Owns the tables behind kernel::FftTables.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "kernel/kernels.hpp"

namespace styleshift {

class FftPlan {
public:
    explicit FftPlan(std::int64_t length);
    FftPlan(const FftPlan&) = delete;
    FftPlan& operator=(const FftPlan&) = delete;

    const kernel::FftTables& tables() const { return tables_; }

private:
    void plan_stages(const std::vector<int>& radices);
    void plan_bluestein();

    kernel::FftTables tables_{};
    std::vector<kernel::Stage> stages_;
    std::vector<std::vector<float>> twiddles_;
    std::vector<std::int32_t> position_;
    std::unique_ptr<FftPlan> convolution_;
    std::vector<float> chirp_;
    std::vector<float> chirp_spectrum_;
};

}  // namespace styleshift
