// Memory for large results, used again.
//
// Handing out memory costs the system more than it costs us to fill it: for 85 MB of fresh pages 40 to 170 ms were
// measured, against 40 ms for the spectrogram in them. So blocks of 1 MiB and more that are given back are kept, up to
// result_memory_limit bytes in all, and marked so that the system may take their pages when it is short of memory.
#pragma once

#include <cstddef>

namespace styleshift {

constexpr std::size_t result_memory_limit = std::size_t{256} << 20U;
constexpr std::size_t result_memory_smallest = std::size_t{1} << 20U;

// At least `bytes` bytes of any content, aligned to a page. Throws std::bad_alloc.
void* take_result_memory(std::size_t bytes);
// Gives back what take_result_memory returned.
void give_result_memory(void* block) noexcept;
// Bytes kept at the moment.
std::size_t kept_result_memory();
// Hands all kept memory to the system.
void drop_result_memory() noexcept;

}  // namespace styleshift
