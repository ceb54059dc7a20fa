// CUDA's types of half width, as far as the kernels use them: made from a float and read as one.
// Rounding is to the nearest, ties to even, as on the card.
#pragma once
#include <cstdint>
#include <cstring>

struct __half {
  _Float16 number;
  __half() = default;
  explicit __half(float from) : number(static_cast<_Float16>(from)) {}
  operator float() const { return static_cast<float>(number); }
};

// The upper half of a float.
struct __nv_bfloat16 {
  uint16_t bits;
  __nv_bfloat16() = default;
  explicit __nv_bfloat16(float from) {
    uint32_t whole;
    memcpy(&whole, &from, 4);
    bool is_nan = from != from;
    bits = is_nan ? 0x7fff : (whole + 0x7fff + (whole >> 16 & 1)) >> 16;
  }
  operator float() const {
    uint32_t whole = uint32_t(bits) << 16;
    float number;
    memcpy(&number, &whole, 4);
    return number;
  }
};
