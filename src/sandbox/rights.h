/* rights.h - Landlock's interface as far as the newest kernel that this file knows; the headers
 * of Debian 12 end with ABI 2, so the constants stand here. */
#ifndef RIGOR_SANDBOX_RIGHTS_H
#define RIGOR_SANDBOX_RIGHTS_H

#include <stdint.h>
#include <sys/syscall.h>

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

#define RULESET_VERSION 1U              /* a flag of landlock_create_ruleset */
#define RULE_PATH_BENEATH 1             /* a type of rule */
#define RESTRICT_LOG_NEW_EXEC (1U << 1) /* ABI 7: denials after exec reach the audit log */

/* struct landlock_ruleset_attr, which grew at its end: 8 bytes up to ABI 3, 16 to ABI 5. */
typedef struct ruleset_attr {
    uint64_t files, ports, scopes;
} ruleset_attr;

typedef struct path_attr {
    uint64_t allowed;
    int32_t folder;
} __attribute__((packed)) path_attr;

enum {
    FILE_EXECUTE = 1 << 0,
    FILE_WRITE = 1 << 1,
    FILE_READ = 1 << 2,
    FILE_LIST = 1 << 3,
    FILE_REMOVE_DIR = 1 << 4,
    FILE_REMOVE = 1 << 5,
    FILE_MAKE_CHAR = 1 << 6,
    FILE_MAKE_DIR = 1 << 7,
    FILE_MAKE = 1 << 8,
    FILE_MAKE_SOCK = 1 << 9,
    FILE_MAKE_FIFO = 1 << 10,
    FILE_MAKE_BLOCK = 1 << 11,
    FILE_MAKE_SYM = 1 << 12,
    FILE_REFER = 1 << 13,
    FILE_TRUNCATE = 1 << 14,
    FILE_IOCTL = 1 << 15,
    FILE_CONNECT = 1 << 16,
};

/* What a rule may grant on something that is no folder. */
#define RIGHTS_OF_A_FILE (FILE_EXECUTE | FILE_WRITE | FILE_READ | FILE_TRUNCATE | FILE_IOCTL)
#define RIGHTS_READ (FILE_EXECUTE | FILE_READ)
#define RIGHTS_WRITE \
    (RIGHTS_READ | FILE_WRITE | FILE_LIST | FILE_REMOVE_DIR | FILE_REMOVE | FILE_MAKE_DIR | \
     FILE_MAKE | FILE_MAKE_SOCK | FILE_MAKE_FIFO | FILE_MAKE_SYM | FILE_REFER | \
     FILE_TRUNCATE | FILE_CONNECT)
#define RIGHTS_DEVICE (FILE_READ | FILE_WRITE | FILE_TRUNCATE | FILE_IOCTL)

#endif
