#ifndef SLUICE_CONNX_H
#define SLUICE_CONNX_H

#include <stddef.h>
#include <stdint.h>

/// A model in ONNX Runtime, ready to run. May be used from several threads at a time.
typedef struct sluice_onnx sluice_onnx;

/// Why a model could not be opened.
enum sluice_onnx_fault {
  SLUICE_ONNX_NO_FAULT = 0,
  /// The library could not be loaded.
  SLUICE_ONNX_NO_LIBRARY,
  /// It was loaded and is not ONNX Runtime, or not a version whose functions are known here.
  SLUICE_ONNX_WRONG_LIBRARY,
  /// The library refuses the model.
  SLUICE_ONNX_BAD_MODEL,
  /// The model wants other inputs than a sentence encoder's.
  SLUICE_ONNX_WRONG_INPUTS,
};

/// Loads the library at the path, which stays loaded for good, and a model from its bytes, which
/// are not needed afterwards.
///
/// Inputs are found by name: `input_ids`, and if the model has them `attention_mask` and
/// `token_type_ids`, all of int64. The output is `last_hidden_state`, `token_embeddings` or
/// `sentence_embedding`, the first of these that is there, else the model's first. The model
/// runs on the thread that calls, and starts none. NULL on failure; `message` then says why, in at
/// most `capacity` bytes with its NUL.
sluice_onnx *sluice_onnx_open(const char *library, const uint8_t *model, size_t size,
                              enum sluice_onnx_fault *fault, char *message, size_t capacity);

void sluice_onnx_free(sluice_onnx *onnx);

/// The version that the library says it has. Lives as long as the process.
const char *sluice_onnx_version(const sluice_onnx *onnx);

/// What a run gave: floats in `rank` dimensions, of which up to three are told.
struct sluice_onnx_output {
  const float *values;
  size_t count;
  size_t rank;
  int64_t shape[3];
  /// What owns the floats.
  void *value;
};

/// Runs the model on one text of `count` token ids. Returns 1, or 0 with `message` set.
int sluice_onnx_run(const sluice_onnx *onnx, const int64_t *ids, size_t count,
                    struct sluice_onnx_output *output, char *message, size_t capacity);

/// Gives back what a run gave.
void sluice_onnx_output_free(const sluice_onnx *onnx, struct sluice_onnx_output *output);

#endif
