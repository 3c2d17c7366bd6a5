# The innermost loops are compiled three times on x86-64, once for each instruction set; elsewhere
# the three are alike.  -fno-trapping-math lets comparisons become vector masks; it changes no
# result.  Only matrix products and convolutions may fuse products with sums: they are
# held to a tolerance.
set(KERNEL_FLAGS -fno-trapping-math)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
    list(APPEND KERNEL_FLAGS -O3)
endif()
if(CMAKE_C_COMPILER_ID MATCHES "Clang")
    list(APPEND KERNEL_FLAGS -Wno-pass-failed) # loops that call the C library stay scalar
endif()
# Tiles are wholly unrolled: with checks of every access Clang takes minutes for each file.  GCC's
# builds check them; Clang's, the fuzzers, read texts.
set(TILE_FLAGS -ffp-contract=fast)
if(CMAKE_C_COMPILER_ID MATCHES "Clang")
    list(APPEND TILE_FLAGS -fno-sanitize=all)
endif()
set(KERNEL_FLAGS_base "")
set(KERNEL_FLAGS_avx2 "")
set(KERNEL_FLAGS_avx512 "")
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    set(KERNEL_FLAGS_avx2 -mavx2 -mfma)
    set(KERNEL_FLAGS_avx512 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma
        -mprefer-vector-width=512)
endif()
foreach(set base avx2 avx512)
    set_source_files_properties(src/engine/cpu/loops_${set}.c PROPERTIES
        COMPILE_OPTIONS "${KERNEL_FLAGS};${KERNEL_FLAGS_${set}}")
    set_source_files_properties(src/engine/cpu/gemm_${set}.c src/engine/cpu/conv_${set}.c PROPERTIES
        COMPILE_OPTIONS "${KERNEL_FLAGS};${KERNEL_FLAGS_${set}};${TILE_FLAGS}")
endforeach()
