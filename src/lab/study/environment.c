/* environment.c - where a study runs: machine, versions, the state of the working tree. */
#include "rigor/protocol.h"

#include "lab/study/working_tree.h"

#include <libfyaml.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <uv.h>
#include <zlib.h>

#define PROC_FILE_MAX ((size_t)8 << 20) /* bytes of /proc/cpuinfo */

static void cpu_model(char out[128])
{
    rg_err ignored = {0};
    char *text, *line = NULL;
    size_t len;
    snprintf(out, 128, "unknown");
    if (!rg_file_read("/proc/cpuinfo", PROC_FILE_MAX, &text, &len, &ignored))
        return;
    line = strstr(text, "model name");
    if (line && (line = strchr(line, ':')) != NULL)
        snprintf(out, 128, "%.*s", (int)strcspn(line + 2, "\n"), line + 2);
    rg_free(text);
}

/* Twelve letters that are equal on the same machine, and say nothing else about it. */
static void host_id(const char *cpu, char out[13])
{
    rg_err ignored = {0};
    char *text = NULL, hex[RG_HEX];
    size_t len = 0;
    rg_str name = {0};
    if (rg_file_read("/etc/machine-id", 4096, &text, &len, &ignored))
        rg_str_add_n(&name, text, len);
    rg_str_add(&name, cpu);
    rg_sha_of(rg_str_text(&name), name.len, hex);
    snprintf(out, 13, "%.12s", hex);
    rg_str_free(&name);
    rg_free(text);
}

/* The program's own bytes: two builds of one version may compute other last bits. */
static void build_id(char out[13])
{
    rg_err ignored = {0};
    char hex[RG_HEX] = "";
    rg_sha_file("/proc/self/exe", hex, &ignored);
    snprintf(out, 13, "%.12s", hex);
}

static json_t *library_versions(void)
{
    const struct {
        const char *name, *version;
    } libraries[] = {{"sqlite", sqlite3_libversion()},
                     {"libuv", uv_version_string()},
                     {"jansson", jansson_version_str()},
                     {"zlib", zlibVersion()},
                     {"libfyaml", fy_library_version()}};
    json_t *versions = json_object();
    for (size_t i = 0; i < RG_COUNT(libraries); i++)
        json_object_set_new(versions, libraries[i].name, json_string(libraries[i].version));
    return versions;
}

json_t *rg_environment(const char *command)
{
    struct utsname machine;
    char cpu[128], now[32], dir[4096], host[13], build[13];
    if (!getcwd(dir, sizeof(dir)))
        dir[0] = '\0';
    rg_utf8_repair(dir); /* a name on a disk may hold any bytes */
    uname(&machine);
    cpu_model(cpu);
    host_id(cpu, host);
    build_id(build);
    rg_clock_utc(now);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:o, s:s, s:s, s:s, s:o, s:s}",
                     "rigor", RG_VERSION, "build", build, "machine", machine.machine, "host",
                     host, "cpu", cpu, "cores", rg_cpu_count(), "kernel", machine.release,
                     "compiler", __VERSION__, "libraries", library_versions(), "created", now,
                     "command", command, "folder", dir, "git", working_tree_state(),
                     "determinism", "L2");
}
