/* nn.h - what networks are made of: configurations, scopes, layers, activations, losses,
 * initialisers, optimisers, learning-rate schedules.
 *
 * Everything here only adds nodes to a graph (graph.h); a mistake sticks to the graph with the
 * file and line of the model that made it and is reported when the plan is compiled, so that a
 * forward pass reads as its equations.  Shapes are given as (B, D): B examples, D features. */
#ifndef RIGOR_NN_H
#define RIGOR_NN_H

#include "rigor/graph.h"

/* ---- Configurations ----------------------------------------------------------------------
 * One section ("model", "train") of a member's configuration, read through its table of
 * parameters.  Structural parameters shape the graph and are read as plain values.  The others
 * are numbers in which the members of a cohort may differ: they are scalar float32 inputs of
 * the graph, named "section.name", and the trainer fills them in for each member. */
typedef struct rg_conf rg_conf;
/* values: every parameter of `table` (see rg_config_resolve); borrowed, as is the graph. */
rg_conf *rg_conf_new(rg_graph *graph, const char *section, const rg_param *table,
                     const json_t *values);
void rg_conf_free(rg_conf *conf);
/* Each is a macro that passes on where it stands, so that a mistake names the line of the
 * model; the functions end in _here, since rg_conf_int_at is the entry of a list. */
#define rg_conf_int(...) rg_conf_int_here(RG_HERE, __VA_ARGS__)
#define rg_conf_bool(...) rg_conf_bool_here(RG_HERE, __VA_ARGS__)
#define rg_conf_str(...) rg_conf_str_here(RG_HERE, __VA_ARGS__)
#define rg_conf_count(...) rg_conf_count_here(RG_HERE, __VA_ARGS__)
#define rg_conf_int_at(...) rg_conf_int_at_here(RG_HERE, __VA_ARGS__)
#define rg_conf_val(...) rg_conf_val_here(RG_HERE, __VA_ARGS__)
#define rg_conf_off(...) rg_conf_off_here(RG_HERE, __VA_ARGS__)
int64_t rg_conf_int_here(rg_place at, const rg_conf *conf, const char *name);
bool rg_conf_bool_here(rg_place at, const rg_conf *conf, const char *name);
const char *rg_conf_str_here(rg_place at, const rg_conf *conf, const char *name);
size_t rg_conf_count_here(rg_place at, const rg_conf *conf, const char *name); /* of a list */
int64_t rg_conf_int_at_here(rg_place at, const rg_conf *conf, const char *name, size_t i);
/* A number as a scalar of the graph.  One that is exactly zero for this member comes as the
 * constant 0, so that what it switches off costs nothing (rg_conf_off); zeros are therefore
 * part of the program's structure. */
rg_val rg_conf_val_here(rg_place at, const rg_conf *conf, const char *name);
/* The number is exactly zero. */
bool rg_conf_off_here(rg_place at, const rg_conf *conf, const char *name);
/* The inputs that rg_conf_val made so far, in order. */
typedef struct rg_conf_input {
    const char *name; /* "dropout" */
    rg_val input;
} rg_conf_input;
size_t rg_conf_inputs(const rg_conf *conf, const rg_conf_input **ret);
bool rg_conf_was_read(const rg_conf *conf, const char *name); /* by any of the above */

/* ---- Initialisers ------------------------------------------------------------------------
 * Draws are named by (seed, name of the weight): adding a layer changes no other layer's
 * values. */
typedef enum rg_init_kind {
    RG_INIT_ZEROS,
    RG_INIT_ONES,
    RG_INIT_KAIMING_UNIFORM, /* He et al. 2015: U(-b, b), b = gain sqrt(3 / fan_in) */
    RG_INIT_KAIMING_NORMAL,  /* He et al. 2015: N(0, gain^2 / fan_in) */
    RG_INIT_XAVIER_UNIFORM,  /* Glorot & Bengio 2010: b = gain sqrt(6 / (fan_in + fan_out)) */
    RG_INIT_XAVIER_NORMAL,   /* Glorot & Bengio 2010: N(0, 2 gain^2 / (fan_in + fan_out)) */
    RG_INIT_LECUN_NORMAL,    /* LeCun et al. 1998: N(0, gain^2 / fan_in) */
    RG_INIT_UNIFORM,         /* U(-gain, gain) */
    RG_INIT_NORMAL,          /* N(0, gain^2) */
    RG_INIT_TRUNCATED,       /* N(0, gain^2), drawn again outside of two deviations */
    /* of the weight as a matrix of fan_in rows and fan_out columns: */
    RG_INIT_ORTHOGONAL, /* Saxe et al. 2014: gain times orthonormal columns (rows, if wide) */
    RG_INIT_IDENTITY,   /* gain on the diagonal */
    /* of a selective state space (Gu & Dao 2023, section 3.6); gain is not used: */
    RG_INIT_STATE_RATES, /* log(1), log(2), ... log(fan_out) in each row: S4D-Real's rates */
    RG_INIT_TIME_STEPS,  /* softplus^-1 of time steps, log-uniform in [0.001, 0.1] */
} rg_init_kind;
typedef struct rg_init {
    rg_init_kind kind;
    double gain;             /* 0 means 1 */
    int64_t fan_in, fan_out; /* those that the kind names; of a matrix its rows and columns */
} rg_init;
void rg_init_fill(const rg_init *init, uint64_t seed, const char *name, float *ret, size_t n);

/* ---- Scopes ------------------------------------------------------------------------------
 * What a forward pass is built in.  Weights are named by the path of layers that asks for them:
 * the second linear layer's bias is "linear1.bias", inside a first block "block0.linear1.bias".
 */
typedef struct rg_weight { /* a tensor that is kept from step to step */
    const char *name;
    rg_val input;
    rg_init init;
    bool buffer; /* the forward pass computes it (running statistics); no gradient trains it */
    rg_val next; /* of a buffer: its value after the step */
} rg_weight;
typedef struct rg_scope {
    rg_graph *graph;
    bool training;       /* false: dropout is the identity */
    int64_t classes;     /* width of the output: classes of a classifier, 1 for a regression */
    rg_val key;          /* U32 (2), fresh for each step; training only */
    const rg_conf *conf; /* of the model; NULL outside one */
    rg_dtype dtype;      /* of weights; RG_F32 unless set before the first layer */
    const rg_init *init; /* how the linear layers and convolutions that follow draw their
                            weights, theirs and those inside of other layers: kind and gain, the
                            fans are the layer's; biases are then 0.  NULL: each layer's own */
    rg_val present;      /* (B): 1 for an example, 0 for a place that a short batch leaves
                            empty; no value: all are there */
    rg_val penalty;      /* scalar that layers want added to the loss; no value: none */
    /* the rest is the scope's own */
    struct rg_scope_state *state;
} rg_scope;
rg_scope *rg_scope_new(rg_graph *graph, bool training, int64_t classes, const rg_conf *conf);
void rg_scope_free(rg_scope *scope);
/* As layers, these are macros that pass on where they stand. */
#define rg_scope_enter(...) rg_scope_enter_at(RG_HERE, __VA_ARGS__)
#define rg_scope_leave(...) rg_scope_leave_at(RG_HERE, __VA_ARGS__)
#define rg_scope_weight(...) rg_scope_weight_at(RG_HERE, __VA_ARGS__)
#define rg_scope_buffer(...) rg_scope_buffer_at(RG_HERE, __VA_ARGS__)
#define rg_scope_keep(...) rg_scope_keep_at(RG_HERE, __VA_ARGS__)
#define rg_scope_penalize(...) rg_scope_penalize_at(RG_HERE, __VA_ARGS__)
/* What follows, up to rg_scope_leave, is inside; kind "block": block0, block1, ... */
void rg_scope_enter_at(rg_place at, rg_scope *scope, const char *kind);
void rg_scope_leave_at(rg_place at, rg_scope *scope);
/* One called "filters" counts as a matrix of (the first axis, the others) where an update rule
 * sees matrices; others of more than two axes as (all but the last, the last).  The initialiser
 * must fit: fans above 0 where its kind reads them, and of a matrix their product is the number
 * of elements. */
rg_val rg_scope_weight_at(rg_place at, rg_scope *scope, const char *name, rg_shape shape,
                          rg_init init);
/* A buffer, and its value after a training step (unchanged unless kept).  Evaluation reads it.
 */
rg_val rg_scope_buffer_at(rg_place at, rg_scope *scope, const char *name, rg_shape shape,
                          rg_init init);
void rg_scope_keep_at(rg_place at, rg_scope *scope, rg_val buffer, rg_val next);
/* Adds a scalar of the weights' type to the loss of the step: a balance of experts, a
 * penalty. */
void rg_scope_penalize_at(rg_place at, rg_scope *scope, rg_val penalty);
size_t rg_scope_weights(const rg_scope *scope,
                        const rg_weight **ret); /* in order of creation */

/* ---- Layers ------------------------------------------------------------------------------
 * As in graph.h, each is a macro that passes on where the model calls it.  Numbers are of the
 * type of their input; weights are of the scope's type.  In the body of rg_loop there are no
 * layers with weights, and no dropout: make the weight (the mask) outside and pass it. */
#define rg_as_sequence(...) rg_as_sequence_at(RG_HERE, __VA_ARGS__)
#define rg_linear(...) rg_linear_at(RG_HERE, __VA_ARGS__)
#define rg_project(...) rg_project_at(RG_HERE, __VA_ARGS__)
#define rg_embedding(...) rg_embedding_at(RG_HERE, __VA_ARGS__)
#define rg_dropout(...) rg_dropout_at(RG_HERE, __VA_ARGS__)
#define rg_residual(...) rg_residual_at(RG_HERE, __VA_ARGS__)

/* Features as a sequence: x (B, D) -> (B, steps, D / steps); steps divides D, 0 stands for D.
 */
rg_val rg_as_sequence_at(rg_place at, rg_val x, int64_t steps);
/* x: (..., D) -> (..., width): x W + b with W: (D, width), both drawn from
 * U(-1/sqrt(D), 1/sqrt(D)), which is Kaiming's for the leak sqrt(5) and PyTorch's default (see
 * rg_scope.init). */
rg_val rg_linear_at(rg_place at, rg_scope *scope, rg_val x, int64_t width);
rg_val rg_project_at(rg_place at, rg_scope *scope, rg_val x, int64_t width); /* without b */
/* ids: I32 or U32 (...), each below `entries` -> (..., width): rows of a table from N(0, 1). */
rg_val rg_embedding_at(rg_place at, rg_scope *scope, rg_val ids, int64_t entries,
                       int64_t width);
/* Inverted dropout (Srivastava et al. 2014): while training each element is zeroed with
 * probability `rate` (float32 scalar, in [0, 1); no value: 0) and the others are scaled by
 * 1 / (1 - rate); otherwise x. */
rg_val rg_dropout_at(rg_place at, rg_scope *scope, rg_val x, rg_val rate);
/* x + dropout(branch): He et al. 2016. */
rg_val rg_residual_at(rg_place at, rg_scope *scope, rg_val x, rg_val branch, rg_val rate);

/* ---- Normalisations: y = (x - mean) / sqrt(variance + 1e-5) gain + bias, with the biased
 * variance.  Batch and group norm take channels on axis 1, as convolutions do. */
#define rg_layer_norm(...) rg_layer_norm_at(RG_HERE, __VA_ARGS__)
#define rg_rms_norm(...) rg_rms_norm_at(RG_HERE, __VA_ARGS__)
#define rg_group_norm(...) rg_group_norm_at(RG_HERE, __VA_ARGS__)
#define rg_batch_norm(...) rg_batch_norm_at(RG_HERE, __VA_ARGS__)

/* x: (..., D), over the last axis (Ba, Kiros & Hinton 2016). */
rg_val rg_layer_norm_at(rg_place at, rg_scope *scope, rg_val x);
/* x: (..., D): x / sqrt(mean(x^2) + 1e-6) gain (Zhang & Sennrich 2019). */
rg_val rg_rms_norm_at(rg_place at, rg_scope *scope, rg_val x);
/* x: (B, C, ...), over the C / groups channels of a group and all places (Wu & He 2018);
 * groups must divide C. */
rg_val rg_group_norm_at(rg_place at, rg_scope *scope, rg_val x, int64_t groups);
/* x: (B, C, ...), over the examples that are there and all places (Ioffe & Szegedy 2015).
 * Training uses the batch and moves the buffers running_mean and running_variance (unbiased)
 * a tenth of the way towards it; evaluation uses the buffers. */
rg_val rg_batch_norm_at(rg_place at, rg_scope *scope, rg_val x);

/* ---- Positions in a sequence.  x: (..., T, D). */
#define rg_sinusoidal_positions(...) rg_sinusoidal_positions_at(RG_HERE, __VA_ARGS__)
#define rg_learned_positions(...) rg_learned_positions_at(RG_HERE, __VA_ARGS__)
#define rg_rope(...) rg_rope_at(RG_HERE, __VA_ARGS__)

/* x[t] + wave[t] with wave[t][2i] = sin(t 10000^(-2i/D)) and wave[t][2i+1] its cosine, D even
 * (Vaswani et al. 2017). */
rg_val rg_sinusoidal_positions_at(rg_place at, rg_val x);
/* x[t] + row t of a table of `longest` rows from N(0, 0.02^2), as BERT and GPT-2; T <= longest.
 */
rg_val rg_learned_positions_at(rg_place at, rg_scope *scope, rg_val x, int64_t longest);
/* Rotary positions (Su et al. 2021): the pair (x[i], x[i + D/2]) turns by t base^(-2i/D), D
 * even.  Pairs are those of GPT-NeoX and LLaMA; the paper pairs neighbours, which is the same
 * but for the order of features.  base: 10000 in the paper. */
rg_val rg_rope_at(rg_place at, rg_val x, double base);

/* ---- Attention */
#define rg_attend(...) rg_attend_at(RG_HERE, __VA_ARGS__)
#define rg_multi_head_attention(...) rg_multi_head_attention_at(RG_HERE, __VA_ARGS__)

/* softmax(Q K^T / sqrt(D)) V for queries (B, H, T, D), keys (B, G, S, D), values (B, G, S, E)
 * -> (B, H, T, E) (Vaswani et al. 2017); G divides H, and H / G neighbouring heads of queries
 * share one of keys (grouped queries, Ainslie et al. 2023; G = 1: Shazeer 2019).  mask: BOOL,
 * broadcasts to (B, H, T, S), true where a query may look; or no value.  causal: query t sees
 * keys up to t + S - T.  A query that may look nowhere gets zeros. */
rg_val rg_attend_at(rg_place at, rg_val query, rg_val key, rg_val value, rg_val mask,
                    bool causal);

typedef struct rg_attention {
    int64_t heads;    /* H, divides C */
    int64_t kv_heads; /* G, divides H; 0: H */
    bool causal;
    bool no_bias;
    double rope;    /* base of rotary positions; 0: none */
    rg_val mask;    /* as above, or no value */
    rg_val dropout; /* rate on the attention weights, or no value */
} rg_attention;
/* x: (B, T, C), memory: (B, S, C), x itself for self-attention -> (B, T, C): linear0 to linear3
 * of the scope attention give queries, keys, values and the result. */
rg_val rg_multi_head_attention_at(rg_place at, rg_scope *scope, rg_val x, rg_val memory,
                                  const rg_attention *spec);

/* ---- Transformer blocks */
#define rg_feed_forward(...) rg_feed_forward_at(RG_HERE, __VA_ARGS__)
#define rg_transformer_block(...) rg_transformer_block_at(RG_HERE, __VA_ARGS__)

typedef struct rg_feed_forward_spec {
    int64_t hidden;
    const char *activation; /* of rg_activations; NULL: gelu */
    bool gated;             /* act(x A) * (x B) in place of act(x A): "silu" makes SwiGLU */
    bool no_bias;
    rg_val dropout; /* rate on the hidden layer, or no value */
} rg_feed_forward_spec;
/* x: (..., C) -> (..., C): act(x A + a) C + c; gated units: Shazeer 2020. */
rg_val rg_feed_forward_at(rg_place at, rg_scope *scope, rg_val x,
                          const rg_feed_forward_spec *spec);

typedef struct rg_block {
    rg_attention attention;
    rg_feed_forward_spec feed_forward;
    bool post_norm; /* x = norm(x + f(x)), Vaswani et al. 2017; else x = x + f(norm(x)), Xiong
                       et al. 2020 */
    bool rms_norm;  /* in place of layer norm */
    rg_val dropout; /* rate on both branches, or no value */
} rg_block;
/* x: (B, T, C) -> (B, T, C): self-attention, then the feed-forward layer. */
rg_val rg_transformer_block_at(rg_place at, rg_scope *scope, rg_val x, const rg_block *spec);

/* ---- Mixture of experts */
#define rg_mixture_of_experts(...) rg_mixture_of_experts_at(RG_HERE, __VA_ARGS__)

typedef struct rg_mixture {
    int64_t experts, active; /* E, and how many of them a token goes to */
    int64_t hidden;          /* of each expert */
    const char *activation;  /* NULL: gelu */
    double balance;          /* weight of the load-balancing loss; 0.01 in the paper */
} rg_mixture;
/* x: (B, ..., C) -> (B, ..., C): sum over a token's `active` most probable experts of
 * gate_e act(x A_e) B_e, with gates from softmax(x R), divided by their sum when there are
 * several (Shazeer et al. 2017; Jiang et al. 2024), as they are when there is one.  While
 * training the scope is penalised by balance E sum_e (share of assignments to e) (mean
 * probability of e) (Fedus, Zoph & Shazeer 2022, equation 4). */
rg_val rg_mixture_of_experts_at(rg_place at, rg_scope *scope, rg_val x, const rg_mixture *spec);

/* ---- Layers on graphs.  Edges lead from sources to targets, each of I32 or U32 (E); an
 * undirected edge is listed in both directions; every node also hears itself. */
#define rg_graph_convolution(...) rg_graph_convolution_at(RG_HERE, __VA_ARGS__)
#define rg_graph_attention(...) rg_graph_attention_at(RG_HERE, __VA_ARGS__)

typedef struct rg_edges {
    rg_val source, target;
} rg_edges;
/* x: (N, D) -> (N, width): D^-1/2 (A + I) D^-1/2 x W + b with A[i][j] = 1 for an edge from j to
 * i and D the row sums of A + I (Kipf & Welling 2017). */
rg_val rg_graph_convolution_at(rg_place at, rg_scope *scope, rg_val x, const rg_edges *edges,
                               int64_t width);
/* x: (N, D) -> (N, heads width), heads side by side: h = x W; node i takes sum_j a_ij h_j with
 * a_ij the softmax over its sources j (and itself) of leaky_relu(s . h_j + t . h_i), slope 0.2
 * (Velickovic et al. 2018). */
rg_val rg_graph_attention_at(rg_place at, rg_scope *scope, rg_val x, const rg_edges *edges,
                             int64_t width, int64_t heads);

/* ---- Recurrent layers: x (B, T, D), one step after the other along T, from a state of zeros.
 * Weights are PyTorch's in name, shape, order of gates and initial values: weight_ih
 * (G width, D), weight_hh (G width, width), bias_ih and bias_hh (G width), all from
 * U(-1/sqrt(width), 1/sqrt(width)). */
#define rg_rnn(...) rg_rnn_at(RG_HERE, __VA_ARGS__)
#define rg_lstm(...) rg_lstm_at(RG_HERE, __VA_ARGS__)
#define rg_gru(...) rg_gru_at(RG_HERE, __VA_ARGS__)

typedef struct rg_recurrence {
    rg_val states; /* (B, T, width): after each step */
    rg_val last;   /* (B, width): after the last one */
    rg_val cell;   /* (B, width): the LSTM's cell after the last step; else no value */
} rg_recurrence;
/* Elman 1990, G = 1: h' = tanh(W_ih x + b_ih + W_hh h + b_hh). */
rg_recurrence rg_rnn_at(rg_place at, rg_scope *scope, rg_val x, int64_t width);
/* Hochreiter & Schmidhuber 1997 with the forget gate of Gers et al. 2000, G = 4 (i, f, g, o):
 * c' = sigmoid(f) c + sigmoid(i) tanh(g), h' = sigmoid(o) tanh(c'). */
rg_recurrence rg_lstm_at(rg_place at, rg_scope *scope, rg_val x, int64_t width);
/* Cho et al. 2014, in the form that resets behind the product, G = 3 (r, z, n):
 * n = tanh(W_in x + b_in + sigmoid(r) (W_hn h + b_hn)), h' = (1 - sigmoid(z)) n + sigmoid(z) h.
 */
rg_recurrence rg_gru_at(rg_place at, rg_scope *scope, rg_val x, int64_t width);

/* ---- Selective state spaces (Gu & Dao 2023) */
#define rg_selective_scan(...) rg_selective_scan_at(RG_HERE, __VA_ARGS__)
#define rg_mamba(...) rg_mamba_at(RG_HERE, __VA_ARGS__)

typedef struct rg_selective_scan_spec {
    rg_val delta; /* (B, T, E): time steps */
    rg_val a;     /* (E, N): rates, below zero for a memory that fades */
    rg_val b, c;  /* (B, T, N) */
    rg_val skip;  /* (E), or no value: D of the paper */
} rg_selective_scan_spec;
/* x: (B, T, E) -> (B, T, E): each channel e has N states, zero at first,
 *   h[t, e, n] = exp(delta[t, e] a[e, n]) h[t-1, e, n] + delta[t, e] b[t, n] x[t, e]
 *   y[t, e] = sum over n of c[t, n] h[t, e, n] + skip[e] x[t, e]
 * (algorithm 2 with a held exactly and b by Euler's rule, as the authors' code). */
rg_val rg_selective_scan_at(rg_place at, rg_val x, const rg_selective_scan_spec *spec);

typedef struct rg_mamba_spec { /* 0 for each is the authors' default */
    int64_t expand;            /* E = expand C; 2 */
    int64_t states;            /* N; 16 */
    int64_t kernel;            /* of the convolution; 4 */
    int64_t rank;              /* R of the projection to time steps; C / 16, rounded up */
} rg_mamba_spec;
/* x: (B, T, C) -> (B, T, C), figure 3: u, z = halves of x W0; u = silu(conv(u)), causal and
 * each channel on its own; d, b, c = parts (R, N, N) of u W1; delta = softplus(d W2 +
 * step_bias); (selective scan of u with a = -exp(log_rate)) silu(z) W3.  Weights: linear0 to
 * linear3, conv0, step_bias (E), log_rate (E, N) and skip (E) of the scope mamba.  A residual
 * around it, and a norm before it, are the model's. */
rg_val rg_mamba_at(rg_place at, rg_scope *scope, rg_val x, const rg_mamba_spec *spec);

/* ---- Convolutions (cross-correlations, as in graph.h) of x (B, C, T) or (B, C, height, width)
 */
#define rg_conv1d(...) rg_conv1d_at(RG_HERE, __VA_ARGS__)
#define rg_conv2d(...) rg_conv2d_at(RG_HERE, __VA_ARGS__)
#define rg_conv1d_transposed(...) rg_conv1d_transposed_at(RG_HERE, __VA_ARGS__)
#define rg_conv2d_transposed(...) rg_conv2d_transposed_at(RG_HERE, __VA_ARGS__)

typedef struct rg_convolution {
    int64_t width;                             /* channels of the result, O */
    int64_t kernel[2], stride[2], dilation[2]; /* by spatial axis; stride, dilation 0: 1 */
    int64_t padding[2];                        /* zeros at either end */
    int64_t
        output_padding[2]; /* transposed only: more places behind, below stride or dilation */
    int64_t groups;        /* G, divides C and O; 0: 1 */
    bool causal;           /* zeros at the front alone, so that no output sees a later place */
    bool no_bias;
} rg_convolution;
/* -> (B, O, p...), p = floor((s + 2 padding - (kernel - 1) dilation - 1) / stride) + 1; filters
 * (O, C / G, kernel...) and bias (O) of the scope conv, both from U(-b, b) with b = 1 /
 * sqrt(fan in), fan in = C / G times the places of the kernel: PyTorch's shapes and default.
 * For rg_scope.init: fan out = O times the places; as a matrix filters have O rows. */
rg_val rg_conv1d_at(rg_place at, rg_scope *scope, rg_val x, const rg_convolution *spec);
rg_val rg_conv2d_at(rg_place at, rg_scope *scope, rg_val x, const rg_convolution *spec);
/* The transpose, by the input, of the convolution with the same numbers (Zeiler et al. 2010),
 * PyTorch's ConvTranspose: -> (B, O, p...) with p = (s - 1) stride - 2 padding + (kernel - 1)
 * dilation + output_padding + 1; filters (C, O / G, kernel...) of the scope conv_transposed,
 * fan in = O / G times the places of the kernel, fan out = C times the places; as a matrix
 * filters have C rows. */
rg_val rg_conv1d_transposed_at(rg_place at, rg_scope *scope, rg_val x,
                               const rg_convolution *spec);
rg_val rg_conv2d_transposed_at(rg_place at, rg_scope *scope, rg_val x,
                               const rg_convolution *spec);

/* ---- Pooling over windows of one to three spatial axes: x (N, C, s...) -> (N, C, p...) with
 * p = floor((s + 2 padding - size) / stride) + 1; a stride left at 0 is the size.  Padding, at
 * most half the size, is -infinity for maxima (floats) and counts as zeros in means. */
#define rg_max_pool(...) rg_max_pool_at(RG_HERE, __VA_ARGS__)
#define rg_mean_pool(...) rg_mean_pool_at(RG_HERE, __VA_ARGS__)

typedef struct rg_pool {
    int64_t size[3], stride[3], padding[3];
} rg_pool;
rg_val rg_max_pool_at(rg_place at, rg_val x, const rg_pool *pool);
rg_val rg_mean_pool_at(rg_place at, rg_val x, const rg_pool *pool);

/* ---- Activations: a table; element-wise. */
#define rg_activate(...) rg_activate_at(RG_HERE, __VA_ARGS__)
typedef struct rg_activation {
    const char *name, *title;
    rg_val (*apply)(rg_val x);
} rg_activation;
extern const rg_activation rg_activations[];    /* ends with name == NULL */
extern const char *const rg_activation_names[]; /* for parameter tables; NULL-terminated */
rg_val rg_activate_at(rg_place at, rg_val x,
                      const char *name); /* unknown names stick to the graph as an error */

/* ---- Losses, one value an example -------------------------------------------------------- */
#define rg_softmax(...) rg_softmax_at(RG_HERE, __VA_ARGS__)
#define rg_cross_entropy(...) rg_cross_entropy_at(RG_HERE, __VA_ARGS__)
#define rg_focal(...) rg_focal_at(RG_HERE, __VA_ARGS__)
#define rg_weighted(...) rg_weighted_at(RG_HERE, __VA_ARGS__)
#define rg_binary_cross_entropy(...) rg_binary_cross_entropy_at(RG_HERE, __VA_ARGS__)
#define rg_squared_error(...) rg_squared_error_at(RG_HERE, __VA_ARGS__)
#define rg_absolute_error(...) rg_absolute_error_at(RG_HERE, __VA_ARGS__)
#define rg_huber(...) rg_huber_at(RG_HERE, __VA_ARGS__)
#define rg_gaussian_nll(...) rg_gaussian_nll_at(RG_HERE, __VA_ARGS__)
#define rg_info_nce(...) rg_info_nce_at(RG_HERE, __VA_ARGS__)
#define rg_triplet(...) rg_triplet_at(RG_HERE, __VA_ARGS__)

rg_val rg_softmax_at(rg_place at, rg_val logits); /* over the last axis */
/* logits: (B, C), labels: I32 (B) -> (B): -log softmax(logits)[label] by a shifted log-sum-exp.
 * smoothing (scalar, or no value for none): the target is (1 - s) one-hot + s / C (Szegedy et
 * al. 2016). */
rg_val rg_cross_entropy_at(rg_place at, rg_val logits, rg_val labels, rg_val smoothing);
/* (1 - p)^gamma (-log p), p the label's probability; gamma: scalar (Lin et al. 2017). */
rg_val rg_focal_at(rg_place at, rg_val logits, rg_val labels, rg_val gamma);
/* losses (B) times the weight of each label's class: labels (B), class_weights (C) -> (B). */
rg_val rg_weighted_at(rg_place at, rg_val losses, rg_val labels, rg_val class_weights);
/* logits and targets in [0, 1] of one shape: -t log p - (1 - t) log(1 - p), p =
 * sigmoid(logit), as log(1 + exp(z)) - z t, which cannot overflow. */
rg_val rg_binary_cross_entropy_at(rg_place at, rg_val logits, rg_val targets);

/* prediction and target of one shape, element by element. */
rg_val rg_squared_error_at(rg_place at, rg_val prediction, rg_val target);
rg_val rg_absolute_error_at(rg_place at, rg_val prediction, rg_val target);
/* d^2 / 2 where |d| < delta, else delta (|d| - delta / 2); delta: scalar (Huber 1964). */
rg_val rg_huber_at(rg_place at, rg_val prediction, rg_val target, rg_val delta);
/* All of one shape: (log v + (target - mean)^2 / v) / 2 for a predicted log v (Nix & Weigend 1994), without the
 * constant log(2 pi) / 2. */
rg_val rg_gaussian_nll_at(rg_place at, rg_val mean, rg_val log_variance, rg_val target);

/* query, key: (B, D) -> (B): cross-entropy of cos(query_i, key_j) / temperature (scalar) with
 * label i: a query's own key against the others of the batch (van den Oord et al. 2018). */
rg_val rg_info_nce_at(rg_place at, rg_val query, rg_val key, rg_val temperature);
/* (B, D) each, margin: scalar -> (B): max(0, |a - p| - |a - n| + margin) (Schroff et al. 2015,
 * with distances in place of their squares, as PyTorch). */
rg_val rg_triplet_at(rg_place at, rg_val anchor, rg_val positive, rg_val negative,
                     rg_val margin);

/* ---- Optimisers: a table.  An update reads a parameter and its gradient and returns the new
 * parameter; what it remembers between steps it declares as state. */
typedef struct rg_optim { /* what all updates of one step share */
    rg_graph *graph;
    const rg_conf *conf; /* the section "train" */
    rg_val lr;           /* scalar: this step's rate after the schedule */
    rg_val step;         /* scalar: 1, 2, ... */
    struct rg_optim_state *state;
} rg_optim;
typedef struct rg_optimizer {
    const char *name, *title, *paper;
    rg_val (*update)(rg_optim *optim, const char *name, rg_val parameter, rg_val gradient);
} rg_optimizer;
extern const rg_optimizer rg_optimizers[];     /* ends with name == NULL */
extern const char *const rg_optimizer_names[]; /* NULL-terminated */
const rg_optimizer *rg_optimizer_find(const char *name);

typedef struct rg_optim_tensor { /* a state tensor: zero before the first step */
    rg_val input, output;
} rg_optim_tensor;
rg_optim *rg_optim_new(rg_graph *graph, const rg_conf *conf, rg_val lr, rg_val step);
void rg_optim_free(rg_optim *optim);
/* A state tensor in the shape of `like`, and its value after the step. */
rg_val rg_optim_slot(rg_optim *optim, const char *kind, const char *name, rg_val like);
void rg_optim_keep(rg_optim *optim, rg_val slot, rg_val next);
size_t rg_optim_slots(const rg_optim *optim, const rg_optim_tensor **ret);
/* Scales the n gradients in place so that their joint norm is at most `limit` (Pascanu et al.
 * 2013). */
void rg_clip_by_norm(rg_val *gradients, size_t n, rg_val limit);
void rg_clip_by_value(rg_val *gradients, size_t n,
                      rg_val limit); /* each into [-limit, limit] */
/* Sharpness-aware minimisation (Foret et al. 2021): the gradients g at the parameters p become
 * those at p + radius g / |g|, with |g| the joint norm.  The same examples, the same dropout.
 */
void rg_sharpness_aware(rg_val *gradients, const rg_val *parameters, size_t n, rg_val radius);

/* ---- Learning-rate schedules: a table; computed on the host, once a step. */
typedef struct rg_schedule_at {
    double step, steps; /* this step from 0, and all of them */
    double epoch;       /* whole epochs before this step */
    double step_size;   /* schedule "step": epochs between two cuts */
    double gamma;       /* schedule "step": factor of a cut */
    double warmup;      /* steps of warm-up before step 0 */
    double plateau;     /* schedule "plateau": rg_plateau.factor */
} rg_schedule_at;
typedef struct rg_schedule {
    const char *name, *title;
    double (*factor)(const rg_schedule_at *at); /* of the learning rate */
} rg_schedule;
extern const rg_schedule rg_schedules[];      /* ends with name == NULL */
extern const char *const rg_schedule_names[]; /* NULL-terminated */
const rg_schedule *rg_schedule_find(const char *name);
/* The factor with a linear warm-up over the first `warmup` steps; the schedule runs over the
 * rest. */
double rg_schedule_factor(const rg_schedule *schedule, const rg_schedule_at *at, double warmup);
/* Schedule "plateau": what the validation scores have made of the rate so far. */
typedef struct rg_plateau {
    double factor; /* 1 at first */
    double stale;  /* epochs since the best score or the last cut */
} rg_plateau;
/* After an epoch: `step_size` epochs without a better score multiply the rate by gamma. */
void rg_plateau_epoch(rg_plateau *plateau, bool better, double step_size, double gamma);

#endif
