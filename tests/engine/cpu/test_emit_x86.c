/* test_emit_x86.c - the encoder's bytes against those of an assembler, and against what a
 * disassembler reads in them where there is one (objdump). */
#include "engine/cpu/emit_x86.h"
#include "support.h"

typedef struct known {
    const char *text, *hex;
    rg_x86 what;
} known;

static const rg_x86_place at_r13 = {RG_R13, RG_RCX, 4, 0},
                          at_rdx = {RG_RDX, RG_NO_INDEX, 1, 64};

#define IMMEDIATE(value) .has_immediate = true, .immediate = (value)
#define OP(name, bits_, reg_) .op = RG_X86_##name, .bits = (bits_), .reg = (reg_)
#define EVEX3(name) OP(name, 512, 30), .first = 17, .second = 21
#define EVEX2(name) OP(name, 512, 30), .second = 21
#define EVEXM(name) OP(name, 512, 30), .place = &at_r13
#define VEX3(name) OP(name, 256, 14), .first = 9, .second = 12
#define VEX2(name) OP(name, 256, 14), .second = 12
#define VEXM(name) OP(name, 256, 14), .place = &at_r13

static const known evex[] = {
    {"vmovups zmm30{k1}{z},ZMMWORD PTR [r13+rcx*4+0x0]",
     "62417cc910b48d00000000",
     {EVEXM(movups), .mask = 1, .zero = true}},
    {"vmovups ZMMWORD PTR [r13+rcx*4+0x0]{k1},zmm30",
     "62417c4911b48d00000000",
     {EVEXM(movups_to), .mask = 1}},
    {"vmovupd zmm30{k1}{z},ZMMWORD PTR [r13+rcx*4+0x0]",
     "6241fdc910b48d00000000",
     {EVEXM(movupd), .mask = 1, .zero = true}},
    {"vmovupd ZMMWORD PTR [r13+rcx*4+0x0],zmm30", "6241fd4811b48d00000000", {EVEXM(movupd_to)}},
    {"vmovdqa32 zmm30{k1}{z},zmm21", "62217dc96ff5", {EVEX2(movdqa), .mask = 1, .zero = true}},
    {"vmovd xmm30,esi",
     "62617d086ef6",
     {.op = RG_X86_movd, .bits = 128, .reg = 30, .second = 6}},
    {"vmovd DWORD PTR [rdx+0x40],xmm30",
     "62617d087eb240000000",
     {.op = RG_X86_movd_to, .bits = 128, .reg = 30, .place = &at_rdx}},
    {"vmovq QWORD PTR [r13+rcx*4+0x0],xmm30",
     "6241fd08d6b48d00000000",
     {.op = RG_X86_movq_to, .bits = 128, .reg = 30, .place = &at_r13}},
    {"vbroadcastss zmm30,DWORD PTR [r13+rcx*4+0x0]",
     "62427d4818b48d00000000",
     {EVEXM(broadcastss)}},
    {"vbroadcastsd zmm30,xmm21", "6222fd4819f5", {EVEX2(broadcastsd)}},
    {"vpbroadcastd zmm30,xmm21", "62227d4858f5", {EVEX2(pbroadcastd)}},
    {"vpmovzxbd zmm30{k1}{z},XMMWORD PTR [r13+rcx*4+0x0]",
     "62427dc931b48d00000000",
     {EVEXM(pmovzxbd), .mask = 1, .zero = true}},
    {"vpmovsxdq zmm30,ymm21", "62227d4825f5", {EVEX2(pmovsxdq)}},
    {"vpmovdb XMMWORD PTR [r13+rcx*4+0x0]{k1},zmm30",
     "62427e4931b48d00000000",
     {EVEXM(pmovdb), .mask = 1}},
    {"vpmovzxwd zmm30{k1}{z},YMMWORD PTR [r13+rcx*4+0x0]",
     "62427dc933b48d00000000",
     {EVEXM(pmovzxwd), .mask = 1, .zero = true}},
    {"vpmovdw YMMWORD PTR [r13+rcx*4+0x0]{k1},zmm30",
     "62427e4933b48d00000000",
     {EVEXM(pmovdw), .mask = 1}},
    {"vpackssdw zmm30,zmm17,zmm21", "622175406bf5", {EVEX3(packssdw)}},
    {"vpackuswb zmm30,zmm17,zmm21", "6221754067f5", {EVEX3(packuswb)}},
    {"vshufps zmm30,zmm17,zmm21,0x88", "62217440c6f588", {EVEX3(shufps), IMMEDIATE(0x88)}},
    {"vaddps zmm30,zmm17,zmm21", "6221744058f5", {EVEX3(addps)}},
    {"vaddpd zmm30,zmm17,zmm21", "6221f54058f5", {EVEX3(addpd)}},
    {"vsubps zmm30,zmm17,zmm21", "622174405cf5", {EVEX3(subps)}},
    {"vsubpd zmm30,zmm17,zmm21", "6221f5405cf5", {EVEX3(subpd)}},
    {"vmulps zmm30,zmm17,zmm21", "6221744059f5", {EVEX3(mulps)}},
    {"vmulpd zmm30,zmm17,zmm21", "6221f54059f5", {EVEX3(mulpd)}},
    {"vdivps zmm30,zmm17,zmm21", "622174405ef5", {EVEX3(divps)}},
    {"vdivpd zmm30,zmm17,zmm21", "6221f5405ef5", {EVEX3(divpd)}},
    {"vmaxps zmm30,zmm17,zmm21", "622174405ff5", {EVEX3(maxps)}},
    {"vmaxpd zmm30,zmm17,zmm21", "6221f5405ff5", {EVEX3(maxpd)}},
    {"vsqrtps zmm30,zmm21", "62217c4851f5", {EVEX2(sqrtps)}},
    {"vsqrtpd zmm30,zmm21", "6221fd4851f5", {EVEX2(sqrtpd)}},
    {"vrndscaleps zmm30,zmm21,0x9", "62237d4808f509", {EVEX2(roundps), IMMEDIATE(0x9)}},
    {"vrndscalepd zmm30,zmm21,0x9", "6223fd4809f509", {EVEX2(roundpd), IMMEDIATE(0x9)}},
    {"vpaddd zmm30,zmm17,zmm21", "62217540fef5", {EVEX3(paddd)}},
    {"vpsubd zmm30,zmm17,zmm21", "62217540faf5", {EVEX3(psubd)}},
    {"vpmulld zmm30,zmm17,zmm21", "6222754040f5", {EVEX3(pmulld)}},
    {"vpmaxsd zmm30,zmm17,zmm21", "622275403df5", {EVEX3(pmaxsd)}},
    {"vpmaxud zmm30,zmm17,zmm21", "622275403ff5", {EVEX3(pmaxud)}},
    {"vpxord zmm30,zmm17,zmm21", "62217540eff5", {EVEX3(pxor)}},
    {"vpandd zmm30,zmm17,zmm21", "62217540dbf5", {EVEX3(pand)}},
    {"vpord zmm30,zmm17,zmm21", "62217540ebf5", {EVEX3(por)}},
    {"vpandnd zmm30,zmm17,zmm21", "62217540dff5", {EVEX3(pandn)}},
    {"vpternlogd zmm30,zmm17,zmm21,0xff",
     "6223754025f5ff",
     {EVEX3(pternlogd), IMMEDIATE(0xff)}},
    {"vpsrld zmm17,zmm21,0x1f",
     "62b1754072d51f",
     {.op = RG_X86_pshiftd, .bits = 512, .reg = 2, .first = 17, .second = 21, IMMEDIATE(0x1f)}},
    {"vpsllq zmm17,zmm21,0x3f",
     "62b1f54073f53f",
     {.op = RG_X86_pshiftq, .bits = 512, .reg = 6, .first = 17, .second = 21, IMMEDIATE(0x3f)}},
    {"vcmplt_oqps k2,zmm17,zmm21",
     "62b17440c2d511",
     {.op = RG_X86_cmpps, .bits = 512, .reg = 2, .first = 17, .second = 21, IMMEDIATE(0x11)}},
    {"vcmpge_oqpd k2,zmm17,zmm21",
     "62b1f540c2d51d",
     {.op = RG_X86_cmppd, .bits = 512, .reg = 2, .first = 17, .second = 21, IMMEDIATE(0x1d)}},
    {"vpcmpeqd k2,zmm17,zmm21",
     "62b1754076d5",
     {.op = RG_X86_pcmpeqd, .bits = 512, .reg = 2, .first = 17, .second = 21}},
    {"vpcmpgtd k2,zmm17,zmm21",
     "62b1754066d5",
     {.op = RG_X86_pcmpgtd, .bits = 512, .reg = 2, .first = 17, .second = 21}},
    {"vpcmpltud k2,zmm17,zmm21",
     "62b375401ed501",
     {.op = RG_X86_pcmpud, .bits = 512, .reg = 2, .first = 17, .second = 21, IMMEDIATE(0x1)}},
    {"vptestmd k2,zmm17,zmm21",
     "62b2754027d5",
     {.op = RG_X86_ptestmd, .bits = 512, .reg = 2, .first = 17, .second = 21}},
    {"vpmovm2d zmm30,k2",
     "62627e4838f2",
     {.op = RG_X86_pmovm2d, .bits = 512, .reg = 30, .second = 2}},
    {"vblendmps zmm30{k1},zmm17,zmm21", "6222754165f5", {EVEX3(blendmps), .mask = 1}},
    {"vblendmpd zmm30,zmm17,zmm21", "6222f54065f5", {EVEX3(blendmpd)}},
    {"vcvtps2pd zmm30,ymm21", "62217c485af5", {EVEX2(cvtps2pd)}},
    {"vcvtpd2ps ymm30,zmm21", "6221fd485af5", {EVEX2(cvtpd2ps)}},
    {"vcvtdq2ps zmm30,zmm21", "62217c485bf5", {EVEX2(cvtdq2ps)}},
    {"vcvtdq2pd zmm30,ymm21", "62217e48e6f5", {EVEX2(cvtdq2pd)}},
    {"vcvtudq2ps zmm30,zmm21", "62217f487af5", {EVEX2(cvtudq2ps)}},
    {"vcvtudq2pd zmm30,ymm21", "62217e487af5", {EVEX2(cvtudq2pd)}},
    {"vcvttps2dq zmm30,zmm21", "62217e485bf5", {EVEX2(cvttps2dq)}},
    {"vcvttpd2dq ymm30,zmm21", "6221fd48e6f5", {EVEX2(cvttpd2dq)}},
    {"vcvttps2udq zmm30{k1}{z},zmm21",
     "62217cc978f5",
     {EVEX2(cvttps2udq), .mask = 1, .zero = true}},
    {"vcvttpd2udq ymm30,zmm21", "6221fc4878f5", {EVEX2(cvttpd2udq)}},
};

static const known vex[] = {
    {"vmovups ymm14,YMMWORD PTR [r13+rcx*4+0x0]", "c4417c10b48d00000000", {VEXM(movups)}},
    {"vmovups YMMWORD PTR [r13+rcx*4+0x0],ymm14", "c4417c11b48d00000000", {VEXM(movups_to)}},
    {"vmovupd ymm14,YMMWORD PTR [r13+rcx*4+0x0]", "c4417d10b48d00000000", {VEXM(movupd)}},
    {"vmovupd YMMWORD PTR [r13+rcx*4+0x0],ymm14", "c4417d11b48d00000000", {VEXM(movupd_to)}},
    {"vmovdqa ymm14,ymm12", "c4417d6ff4", {VEX2(movdqa)}},
    {"vmovd xmm14,esi", "c461796ef6", {.op = RG_X86_movd, .bits = 128, .reg = 14, .second = 6}},
    {"vmovd DWORD PTR [rdx+0x40],xmm14",
     "c461797eb240000000",
     {.op = RG_X86_movd_to, .bits = 128, .reg = 14, .place = &at_rdx}},
    {"vmovq QWORD PTR [r13+rcx*4+0x0],xmm14",
     "c44179d6b48d00000000",
     {.op = RG_X86_movq_to, .bits = 128, .reg = 14, .place = &at_r13}},
    {"vbroadcastss ymm14,DWORD PTR [r13+rcx*4+0x0]",
     "c4427d18b48d00000000",
     {VEXM(broadcastss)}},
    {"vbroadcastsd ymm14,xmm12", "c4427d19f4", {VEX2(broadcastsd)}},
    {"vpbroadcastd ymm14,xmm12", "c4427d58f4", {VEX2(pbroadcastd)}},
    {"vpmovzxbd ymm14,QWORD PTR [r13+rcx*4+0x0]", "c4427d31b48d00000000", {VEXM(pmovzxbd)}},
    {"vpmovsxdq ymm14,xmm12", "c4427d25f4", {VEX2(pmovsxdq)}},
    {"vpackssdw ymm14,ymm9,ymm12", "c441356bf4", {VEX3(packssdw)}},
    {"vpackuswb ymm14,ymm9,ymm12", "c4413567f4", {VEX3(packuswb)}},
    {"vextracti128 xmm12,ymm14,0x1", "c4437d39f401", {VEX2(extract128), IMMEDIATE(0x1)}},
    {"vshufps ymm14,ymm9,ymm12,0x88", "c44134c6f488", {VEX3(shufps), IMMEDIATE(0x88)}},
    {"vmaskmovps ymm14,ymm9,YMMWORD PTR [r13+rcx*4+0x0]",
     "c442352cb48d00000000",
     {VEXM(maskmovps), .first = 9}},
    {"vmaskmovpd ymm14,ymm9,YMMWORD PTR [r13+rcx*4+0x0]",
     "c442352db48d00000000",
     {VEXM(maskmovpd), .first = 9}},
    {"vmaskmovps YMMWORD PTR [r13+rcx*4+0x0],ymm9,ymm14",
     "c442352eb48d00000000",
     {VEXM(maskmovps_to), .first = 9}},
    {"vmaskmovpd YMMWORD PTR [r13+rcx*4+0x0],ymm9,ymm14",
     "c442352fb48d00000000",
     {VEXM(maskmovpd_to), .first = 9}},
    {"vaddps ymm14,ymm9,ymm12", "c4413458f4", {VEX3(addps)}},
    {"vaddpd ymm14,ymm9,ymm12", "c4413558f4", {VEX3(addpd)}},
    {"vsubps ymm14,ymm9,ymm12", "c441345cf4", {VEX3(subps)}},
    {"vsubpd ymm14,ymm9,ymm12", "c441355cf4", {VEX3(subpd)}},
    {"vmulps ymm14,ymm9,ymm12", "c4413459f4", {VEX3(mulps)}},
    {"vmulpd ymm14,ymm9,ymm12", "c4413559f4", {VEX3(mulpd)}},
    {"vdivps ymm14,ymm9,ymm12", "c441345ef4", {VEX3(divps)}},
    {"vdivpd ymm14,ymm9,ymm12", "c441355ef4", {VEX3(divpd)}},
    {"vmaxps ymm14,ymm9,ymm12", "c441345ff4", {VEX3(maxps)}},
    {"vmaxpd ymm14,ymm9,ymm12", "c441355ff4", {VEX3(maxpd)}},
    {"vsqrtps ymm14,ymm12", "c4417c51f4", {VEX2(sqrtps)}},
    {"vsqrtpd ymm14,ymm12", "c4417d51f4", {VEX2(sqrtpd)}},
    {"vroundps ymm14,ymm12,0x9", "c4437d08f409", {VEX2(roundps), IMMEDIATE(0x9)}},
    {"vroundpd ymm14,ymm12,0x9", "c4437d09f409", {VEX2(roundpd), IMMEDIATE(0x9)}},
    {"vpaddd ymm14,ymm9,ymm12", "c44135fef4", {VEX3(paddd)}},
    {"vpsubd ymm14,ymm9,ymm12", "c44135faf4", {VEX3(psubd)}},
    {"vpmulld ymm14,ymm9,ymm12", "c4423540f4", {VEX3(pmulld)}},
    {"vpmaxsd ymm14,ymm9,ymm12", "c442353df4", {VEX3(pmaxsd)}},
    {"vpmaxud ymm14,ymm9,ymm12", "c442353ff4", {VEX3(pmaxud)}},
    {"vpxor ymm14,ymm9,ymm12", "c44135eff4", {VEX3(pxor)}},
    {"vpand ymm14,ymm9,ymm12", "c44135dbf4", {VEX3(pand)}},
    {"vpandn ymm14,ymm9,ymm12", "c44135dff4", {VEX3(pandn)}},
    {"vpsrld ymm9,ymm12,0x1f",
     "c4c13572d41f",
     {.op = RG_X86_pshiftd, .bits = 256, .reg = 2, .first = 9, .second = 12, IMMEDIATE(0x1f)}},
    {"vpsllq ymm9,ymm12,0x3f",
     "c4c13573f43f",
     {.op = RG_X86_pshiftq, .bits = 256, .reg = 6, .first = 9, .second = 12, IMMEDIATE(0x3f)}},
    {"vcmplt_oqps ymm14,ymm9,ymm12", "c44134c2f411", {VEX3(cmpps), IMMEDIATE(0x11)}},
    {"vcmpge_oqpd ymm14,ymm9,ymm12", "c44135c2f41d", {VEX3(cmppd), IMMEDIATE(0x1d)}},
    {"vpcmpeqd ymm14,ymm9,ymm12", "c4413576f4", {VEX3(pcmpeqd)}},
    {"vpcmpgtd ymm14,ymm9,ymm12", "c4413566f4", {VEX3(pcmpgtd)}},
    {"vblendvps ymm14,ymm9,ymm12,ymm1", "c443354af410", {VEX3(blendvps), IMMEDIATE(0x10)}},
    {"vblendvpd ymm14,ymm9,ymm12,ymm1", "c443354bf410", {VEX3(blendvpd), IMMEDIATE(0x10)}},
    {"vcvtps2pd ymm14,xmm12", "c4417c5af4", {VEX2(cvtps2pd)}},
    {"vcvtpd2ps xmm14,ymm12", "c4417d5af4", {VEX2(cvtpd2ps)}},
    {"vcvtdq2ps ymm14,ymm12", "c4417c5bf4", {VEX2(cvtdq2ps)}},
    {"vcvtdq2pd ymm14,xmm12", "c4417ee6f4", {VEX2(cvtdq2pd)}},
    {"vcvttps2dq ymm14,ymm12", "c4417e5bf4", {VEX2(cvttps2dq)}},
    {"vcvttpd2dq xmm14,ymm12", "c4417de6f4", {VEX2(cvttpd2dq)}},
};

static void hex_of(const rg_machine_code *code, char out[64])
{
    for (size_t i = 0; i < code->byte.len; i++)
        sprintf(out + 2 * i, "%02x", code->byte.at[i]);
}

static void check(const known *k, bool is_evex)
{
    rg_machine_code code = {.evex = is_evex};
    char hex[64];
    rg_x86_vector(&code, &k->what);
    hex_of(&code, hex);
    if (strcmp(hex, k->hex) != 0)
        fail_msg("%s: %s, expected %s", k->text, hex, k->hex);
    rg_vec_free(&code.byte);
}

static void test_vector_instructions(void **state)
{
    (void)state;
    bool seen[RG_X86_OPS] = {false};
    for (size_t i = 0; i < RG_COUNT(evex); i++) {
        check(&evex[i], true);
        seen[evex[i].what.op] = true;
    }
    for (size_t i = 0; i < RG_COUNT(vex); i++) {
        check(&vex[i], false);
        seen[vex[i].what.op] = true;
    }
    for (int op = 0; op < RG_X86_OPS; op++)
        if (!seen[op])
            fail_msg("no encoding of instruction %d of the table is known", op);
}

static void write_general(rg_machine_code *c)
{
    rg_x86_load(c, RG_R9, RG_RDI, 8);
    rg_x86_load(c, RG_RAX, RG_R12, 0);
    rg_x86_load_narrow(c, RG_RAX, RG_RAX, 0, 1);
    rg_x86_load_narrow(c, RG_RAX, RG_RAX, 0, 2);
    rg_x86_lea(c, RG_RAX, &(rg_x86_place){RG_R10, RG_RCX, 1, 0});
    rg_x86_lea(c, RG_R11, &(rg_x86_place){RG_RBP, RG_R14, 8, -16});
    rg_x86_move(c, RG_R8, 0x1122334455667788);
    rg_x86_move32(c, RG_RCX, 7);
    rg_x86_add(c, RG_RSI, -16);
    rg_x86_subtract(c, RG_RSI, RG_RCX);
    rg_x86_compare(c, RG_RCX, RG_R15);
    rg_x86_compare_with(c, RG_R13, 784);
    rg_x86_divide(c, RG_R9);
    rg_x86_copy(c, RG_RDI, RG_RDX);
    rg_x86_push(c, RG_R13);
    rg_x86_pop(c, RG_RBX);
    size_t begin = c->byte.len;
    rg_x86_land(c, rg_x86_jump(c, RG_X86_LESS_EQUAL), begin);
    rg_x86_land(c, rg_x86_jump(c, RG_X86_EQUAL), begin + 32);
    rg_x86_land(c, rg_x86_jump(c, RG_X86_NOT_EQUAL), begin + 24);
    rg_x86_land(c, rg_x86_jump(c, RG_X86_GREATER), 0);
}

static const struct {
    const char *text, *hex;
} general[] = {
    {"mov r9,QWORD PTR [rdi+0x8]", "4c8b8f08000000"},
    {"mov rax,QWORD PTR [r12]", "498b0424"},
    {"rex movzx eax,BYTE PTR [rax]", "400fb600"},
    {"rex movzx eax,WORD PTR [rax]", "400fb700"},
    {"lea rax,[r10+rcx*1]", "498d040a"},
    {"lea r11,[rbp+r14*8-0x10]", "4e8d9cf5f0ffffff"},
    {"movabs r8,0x1122334455667788", "49b88877665544332211"},
    {"rex mov ecx,0x7", "40b907000000"},
    {"add rsi,0xfffffffffffffff0", "4881c6f0ffffff"},
    {"sub rsi,rcx", "4829ce"},
    {"cmp rcx,r15", "4c39f9"},
    {"cmp r13,0x310", "4981fd10030000"},
    {"div r9", "49f7f1"},
    {"mov rdi,rdx", "4889d7"},
    {"push r13", "4155"},
    {"rex pop rbx", "405b"},
    {"jle 0x4d", "0f8efaffffff"},
    {"je 0x6d", "0f8414000000"},
    {"jne 0x65", "0f8506000000"},
    {"jg 0x0", "0f8f9bffffff"},
};

static void test_general_instructions(void **state)
{
    (void)state;
    rg_machine_code code = {0};
    write_general(&code);
    size_t at = 0;
    for (size_t i = 0; i < RG_COUNT(general); i++) {
        char hex[64] = "";
        size_t n = strlen(general[i].hex) / 2;
        assert_true(at + n <= code.byte.len);
        for (size_t k = 0; k < n; k++)
            sprintf(hex + 2 * k, "%02x", code.byte.at[at + k]);
        if (strcmp(hex, general[i].hex) != 0)
            fail_msg("%s: %s, expected %s", general[i].text, hex, general[i].hex);
        at += n;
    }
    assert_int_equal(at, code.byte.len);
    rg_vec_free(&code.byte);
}

/* ---- The disassembler: every line of its output ends in the instruction. */
static void put_hex(FILE *to, const char *hex)
{
    for (unsigned byte; sscanf(hex, "%2x", &byte) == 1; hex += 2)
        fputc((int)byte, to);
}

static void next_instruction(FILE *from, char out[200])
{
    char line[200];
    do
        if (!fgets(line, sizeof(line), from))
            fail_msg("the disassembler says too little");
    while (!strstr(line, ":\t"));
    const char *text = strstr(line, ":\t") + 2;
    for (size_t n = 0; *text && *text != '\n'; text++)
        if (*text != ' ' || (n > 0 && out[n - 1] != ' ')) {
            out[n++] = *text;
            out[n] = 0;
        }
}

static void expect_instruction(FILE *from, const char *text)
{
    char line[200] = "";
    next_instruction(from, line);
    assert_true(rg_text_starts(line, text)); /* jumps have their target's name behind it */
}

static void test_a_disassembler_agrees(void **state)
{
    (void)state;
    if (system("objdump --version > /dev/null 2>&1") != 0)
        skip();
    FILE *to = fopen("encodings.bin", "wb");
    for (size_t i = 0; i < RG_COUNT(general); i++)
        put_hex(to, general[i].hex);
    for (size_t i = 0; i < RG_COUNT(evex); i++)
        put_hex(to, evex[i].hex);
    for (size_t i = 0; i < RG_COUNT(vex); i++)
        put_hex(to, vex[i].hex);
    fclose(to);
    FILE *from = popen("objdump -D -b binary -m i386:x86-64 -M intel --no-show-raw-insn "
                       "encodings.bin",
                       "r");
    for (size_t i = 0; i < RG_COUNT(general); i++)
        expect_instruction(from, general[i].text);
    for (size_t i = 0; i < RG_COUNT(evex); i++)
        expect_instruction(from, evex[i].text);
    for (size_t i = 0; i < RG_COUNT(vex); i++)
        expect_instruction(from, vex[i].text);
    pclose(from);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vector_instructions),
        cmocka_unit_test(test_general_instructions),
        cmocka_unit_test(test_a_disassembler_agrees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
