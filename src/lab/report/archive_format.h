/* archive_format.h - a header of ustar (private to archive_write.c and archive_read.c). */
#ifndef RIGOR_LAB_REPORT_ARCHIVE_FORMAT_H
#define RIGOR_LAB_REPORT_ARCHIVE_FORMAT_H

#include <stddef.h>

enum { TAR_BLOCK = 512, TAR_TRAILER = 1024 /* zeros at the end */ };

typedef struct tar_header {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], kind;
    char link[100], magic[6], version[2], user[32], group[32], major[8], minor[8], prefix[155];
    char rest[12];
} tar_header;
_Static_assert(sizeof(tar_header) == TAR_BLOCK, "a header is one block");

/* The sum of all bytes, those of the checksum counted as spaces. */
static inline unsigned tar_checksum(const tar_header *header)
{
    const unsigned char *bytes = (const unsigned char *)header;
    const size_t from = offsetof(tar_header, checksum), to = from + sizeof(header->checksum);
    unsigned sum = 0;
    for (size_t i = 0; i < TAR_BLOCK; i++)
        sum += i >= from && i < to ? ' ' : bytes[i];
    return sum;
}

/* Zeros that fill the last block of so many bytes. */
static inline size_t tar_padding(unsigned long long size)
{
    return (size_t)((TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK);
}

#endif
