/* Integers as bytes: big-endian in keys and on the wire, little-endian in the draw. */
#ifndef TN_LEDGER_BASE_ENDIAN_H
#define TN_LEDGER_BASE_ENDIAN_H

#include <stdint.h>

static inline void tn_put_be16(uint8_t *out, uint16_t value)
{
    out[0] = (uint8_t) (value >> 8);
    out[1] = (uint8_t) value;
}

static inline void tn_put_be32(uint8_t *out, uint32_t value)
{
    tn_put_be16(out, (uint16_t) (value >> 16));
    tn_put_be16(out + 2, (uint16_t) value);
}

static inline void tn_put_be64(uint8_t *out, uint64_t value)
{
    tn_put_be32(out, (uint32_t) (value >> 32));
    tn_put_be32(out + 4, (uint32_t) value);
}

static inline uint16_t tn_get_be16(const uint8_t *in)
{
    return (uint16_t) ((uint16_t) (in[0] << 8) | in[1]);
}

static inline uint32_t tn_get_be32(const uint8_t *in)
{
    return ((uint32_t) tn_get_be16(in) << 16) | tn_get_be16(in + 2);
}

static inline uint64_t tn_get_be64(const uint8_t *in)
{
    return ((uint64_t) tn_get_be32(in) << 32) | tn_get_be32(in + 4);
}

static inline void tn_put_le16(uint8_t *out, uint16_t value)
{
    out[0] = (uint8_t) value;
    out[1] = (uint8_t) (value >> 8);
}

static inline void tn_put_le32(uint8_t *out, uint32_t value)
{
    tn_put_le16(out, (uint16_t) value);
    tn_put_le16(out + 2, (uint16_t) (value >> 16));
}

static inline void tn_put_le64(uint8_t *out, uint64_t value)
{
    tn_put_le32(out, (uint32_t) value);
    tn_put_le32(out + 4, (uint32_t) (value >> 32));
}

static inline uint16_t tn_get_le16(const uint8_t *in)
{
    return (uint16_t) (in[0] | (uint16_t) (in[1] << 8));
}

static inline uint32_t tn_get_le32(const uint8_t *in)
{
    return tn_get_le16(in) | ((uint32_t) tn_get_le16(in + 2) << 16);
}

#endif
