# Libraries, found with pkg-config; the versions of Debian 12 are the floor.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(JANSSON  REQUIRED IMPORTED_TARGET jansson>=2.14)
pkg_check_modules(SODIUM   REQUIRED IMPORTED_TARGET libsodium>=1.0.18)
pkg_check_modules(ZLIB     REQUIRED IMPORTED_TARGET zlib>=1.2.13)
pkg_check_modules(SQLITE   REQUIRED IMPORTED_TARGET sqlite3>=3.40)
pkg_check_modules(LIBUV    REQUIRED IMPORTED_TARGET libuv>=1.44)
pkg_check_modules(LIBFYAML REQUIRED IMPORTED_TARGET libfyaml>=0.7.12)
set(RIGOR_LIBRARIES PkgConfig::JANSSON PkgConfig::SODIUM PkgConfig::ZLIB PkgConfig::SQLITE
    PkgConfig::LIBUV PkgConfig::LIBFYAML Threads::Threads ${CMAKE_DL_LIBS} m)

# oneDNN has no pkg-config file.  Its headers are needed to build the shim; the library itself is
# loaded on first use (src/engine/cpu/onednn_library.c), so that a process which trains nothing
# starts in milliseconds and a machine without it falls back to our own kernel.
find_path(DNNL_INCLUDE_DIR oneapi/dnnl/dnnl.h)
if(DNNL_INCLUDE_DIR)
    add_compile_definitions(RIGOR_HAVE_ONEDNN)
endif()
