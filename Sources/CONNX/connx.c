#include "connx.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ONNX Runtime hands out its C functions in one table. No header comes with the library, so the
// places of those that are used stand here. They are of the table's first version, whose places
// never change: the library's own source asserts that it ends at place 101. They were compared with
// the public header; what was loaded is asked for its version before any is used.
enum {
  GET_ERROR_MESSAGE = 2,
  CREATE_ENV = 3,
  DISABLE_TELEMETRY = 6,
  CREATE_SESSION_FROM_ARRAY = 8,
  RUN = 9,
  CREATE_SESSION_OPTIONS = 10,
  SET_EXECUTION_MODE = 13,
  DISABLE_MEMORY_PATTERN = 17,
  DISABLE_CPU_ARENA = 19,
  SET_OPTIMIZATION_LEVEL = 23,
  SET_INTRA_OP_THREADS = 24,
  SET_INTER_OP_THREADS = 25,
  INPUT_COUNT = 30,
  OUTPUT_COUNT = 31,
  INPUT_TYPE = 33,
  INPUT_NAME = 36,
  OUTPUT_NAME = 37,
  CREATE_TENSOR_WITH_DATA = 49,
  TENSOR_DATA = 51,
  CAST_TO_TENSOR_INFO = 55,
  ELEMENT_TYPE = 60,
  DIMENSION_COUNT = 61,
  DIMENSIONS = 62,
  ELEMENT_COUNT = 64,
  TENSOR_TYPE_AND_SHAPE = 65,
  CREATE_CPU_MEMORY_INFO = 69,
  ALLOCATOR_FREE = 76,
  DEFAULT_ALLOCATOR = 78,
  RELEASE_ENV = 92,
  RELEASE_STATUS = 93,
  RELEASE_MEMORY_INFO = 94,
  RELEASE_SESSION = 95,
  RELEASE_VALUE = 96,
  RELEASE_TYPE_INFO = 98,
  RELEASE_TENSOR_INFO = 99,
  RELEASE_SESSION_OPTIONS = 100,
};

// Values of the header's enumerations.
enum { TYPE_FLOAT = 1, TYPE_INT64 = 7 };
enum { LOG_FATAL = 4, SEQUENTIAL = 0, ALL_OPTIMIZATIONS = 99 };
enum { DEVICE_ALLOCATOR = 0, MEMORY_DEFAULT = 0 };

// The table that version 1.17 and every later one hands out: the operators of the converted model
// are at least as old.
enum { OLDEST_MINOR = 17 };

typedef void *status;  // OrtStatus *; NULL is success.

struct api_base {
  const void *const *(*table)(uint32_t version);
  const char *(*version)(void);
};

enum { INPUTS = 3, NAME_BYTES = 128 };

struct sluice_onnx {
  const void *const *table;
  const char *version;
  void *env, *session, *memory;
  const char *input_names[INPUTS];
  size_t input_count;
  char output_name[NAME_BYTES];
};

static const char *const known_inputs[INPUTS] = {"input_ids", "attention_mask", "token_type_ids"};
static const char *const known_outputs[INPUTS] = {"last_hidden_state", "token_embeddings",
                                                  "sentence_embedding"};

// The function at a place of the table, as what it is.
#define CALL(onnx, place, ...) ((status(*)(__VA_ARGS__))(onnx)->table[place])
#define RELEASE(onnx, place, object) \
  do { \
    if (object) ((void (*)(void *))(onnx)->table[place])(object); \
  } while (0)

static void say(char *message, size_t capacity, const char *words) {
  snprintf(message, capacity, "%s", words ? words : "");
}

// Takes a status: whether it is a success. A failure's words go to `message`.
static int good(const sluice_onnx *onnx, status result, char *message, size_t capacity) {
  if (!result) return 1;
  say(message, capacity, ((const char *(*)(status))onnx->table[GET_ERROR_MESSAGE])(result));
  RELEASE(onnx, RELEASE_STATUS, result);
  return 0;
}

#define TRY(call) \
  do { \
    if (!good(onnx, call, message, capacity)) goto failed; \
  } while (0)

static int load(sluice_onnx *onnx, const char *path, enum sluice_onnx_fault *fault, char *message,
                size_t capacity) {
  *fault = SLUICE_ONNX_NO_LIBRARY;
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    say(message, capacity, dlerror());
    return 0;
  }
  *fault = SLUICE_ONNX_WRONG_LIBRARY;
  const struct api_base *(*base_of)(void) =
      (const struct api_base *(*)(void))dlsym(library, "OrtGetApiBase");
  const struct api_base *base = base_of ? base_of() : NULL;
  if (!base) {
    say(message, capacity, "it is not ONNX Runtime");
    return 0;
  }
  int major = 0, minor = 0;
  onnx->version = base->version();
  if (sscanf(onnx->version, "%d.%d", &major, &minor) != 2 || major != 1 || minor < OLDEST_MINOR) {
    snprintf(message, capacity, "its version is %s; 1.%d or a later 1.x is needed", onnx->version,
             OLDEST_MINOR);
    return 0;
  }
  onnx->table = base->table(OLDEST_MINOR);
  if (!onnx->table) {
    snprintf(message, capacity, "version %s has no functions of 1.%d", onnx->version, OLDEST_MINOR);
    return 0;
  }
  *fault = SLUICE_ONNX_NO_FAULT;
  return 1;
}

// Which of `names` the model calls its input or output at `index`; -1 if none. The model's name
// goes to `name`.
static int name_at(const sluice_onnx *onnx, int place, size_t index, const char *const *names,
                   char *name, char *message, size_t capacity) {
  void *allocator = NULL;
  char *own = NULL;
  TRY(CALL(onnx, DEFAULT_ALLOCATOR, void **)(&allocator));
  TRY(CALL(onnx, place, void *, size_t, void *, char **)(onnx->session, index, allocator, &own));
  snprintf(name, NAME_BYTES, "%s", own);
  TRY(CALL(onnx, ALLOCATOR_FREE, void *, void *)(allocator, own));
  for (int known = 0; known < INPUTS; known++) {
    if (strcmp(name, names[known]) == 0) return known;
  }
  return -1;
failed:
  name[0] = 0;
  return -1;
}

static int find_inputs(sluice_onnx *onnx, char *message, size_t capacity) {
  size_t count = 0;
  char name[NAME_BYTES];
  TRY(CALL(onnx, INPUT_COUNT, void *, size_t *)(onnx->session, &count));
  int has_ids = 0;
  for (size_t index = 0; index < count; index++) {
    int known = name_at(onnx, INPUT_NAME, index, known_inputs, name, message, capacity);
    if (known < 0) {
      snprintf(message, capacity, "it wants an input \"%s\"", name);
      return 0;
    }
    if (onnx->input_count == INPUTS) return 0;
    void *type = NULL;
    const void *tensor = NULL;
    int element = 0;
    TRY(CALL(onnx, INPUT_TYPE, void *, size_t, void **)(onnx->session, index, &type));
    int told = good(onnx, CALL(onnx, CAST_TO_TENSOR_INFO, void *, const void **)(type, &tensor),
                    message, capacity) &&
               tensor &&
               good(onnx, CALL(onnx, ELEMENT_TYPE, const void *, int *)(tensor, &element), message,
                    capacity);
    RELEASE(onnx, RELEASE_TYPE_INFO, type);
    if (!told || element != TYPE_INT64) {
      snprintf(message, capacity, "its input \"%s\" is not int64", name);
      return 0;
    }
    has_ids |= known == 0;
    onnx->input_names[onnx->input_count++] = known_inputs[known];
  }
  if (!has_ids) say(message, capacity, "it has no input \"input_ids\"");
  return has_ids;
failed:
  return 0;
}

static int find_output(sluice_onnx *onnx, char *message, size_t capacity) {
  size_t count = 0;
  TRY(CALL(onnx, OUTPUT_COUNT, void *, size_t *)(onnx->session, &count));
  int best = INPUTS;
  for (size_t index = 0; index < count; index++) {
    char name[NAME_BYTES];
    int known = name_at(onnx, OUTPUT_NAME, index, known_outputs, name, message, capacity);
    if (known < 0) known = INPUTS;
    if (index == 0 || known < best) {
      best = known;
      memcpy(onnx->output_name, name, sizeof name);
    }
  }
  if (onnx->output_name[0]) return 1;
  say(message, capacity, "it has no output");
failed:
  return 0;
}

sluice_onnx *sluice_onnx_open(const char *library, const uint8_t *model, size_t size,
                              enum sluice_onnx_fault *fault, char *message, size_t capacity) {
  void *options = NULL;
  sluice_onnx *onnx = calloc(1, sizeof *onnx);
  *fault = SLUICE_ONNX_BAD_MODEL;
  if (!onnx) {
    say(message, capacity, "memory is out");
    return NULL;
  }
  if (!load(onnx, library, fault, message, capacity)) {
    free(onnx);
    return NULL;
  }
  *fault = SLUICE_ONNX_BAD_MODEL;
  // Nothing is written to the standard error: what fails is told by its status.
  TRY(CALL(onnx, CREATE_ENV, int, const char *, void **)(LOG_FATAL, "sluice", &onnx->env));
  TRY(CALL(onnx, DISABLE_TELEMETRY, void *)(onnx->env));
  TRY(CALL(onnx, CREATE_SESSION_OPTIONS, void **)(&options));
  // One thread, the caller's: how many embed at a time is the gateway's to say.
  TRY(CALL(onnx, SET_INTRA_OP_THREADS, void *, int)(options, 1));
  TRY(CALL(onnx, SET_INTER_OP_THREADS, void *, int)(options, 1));
  TRY(CALL(onnx, SET_EXECUTION_MODE, void *, int)(options, SEQUENTIAL));
  TRY(CALL(onnx, SET_OPTIMIZATION_LEVEL, void *, int)(options, ALL_OPTIMIZATIONS));
  // An arena keeps for good what the longest text took, for each length anew.
  TRY(CALL(onnx, DISABLE_CPU_ARENA, void *)(options));
  TRY(CALL(onnx, DISABLE_MEMORY_PATTERN, void *)(options));
  TRY(CALL(onnx, CREATE_SESSION_FROM_ARRAY, void *, const void *, size_t, void *, void **)(
      onnx->env, model, size, options, &onnx->session));
  TRY(CALL(onnx, CREATE_CPU_MEMORY_INFO, int, int, void **)(DEVICE_ALLOCATOR, MEMORY_DEFAULT,
                                                            &onnx->memory));
  *fault = SLUICE_ONNX_WRONG_INPUTS;
  if (!find_inputs(onnx, message, capacity) || !find_output(onnx, message, capacity)) goto failed;
  RELEASE(onnx, RELEASE_SESSION_OPTIONS, options);
  *fault = SLUICE_ONNX_NO_FAULT;
  return onnx;
failed:
  RELEASE(onnx, RELEASE_SESSION_OPTIONS, options);
  sluice_onnx_free(onnx);
  return NULL;
}

void sluice_onnx_free(sluice_onnx *onnx) {
  if (!onnx) return;
  RELEASE(onnx, RELEASE_MEMORY_INFO, onnx->memory);
  RELEASE(onnx, RELEASE_SESSION, onnx->session);
  RELEASE(onnx, RELEASE_ENV, onnx->env);
  free(onnx);
}

const char *sluice_onnx_version(const sluice_onnx *onnx) { return onnx->version; }

// Tells what a run gave, once its shape is known to be one of floats.
static int describe(const sluice_onnx *onnx, struct sluice_onnx_output *output, char *message,
                    size_t capacity) {
  void *info = NULL;
  int element = 0;
  TRY(CALL(onnx, TENSOR_TYPE_AND_SHAPE, void *, void **)(output->value, &info));
  TRY(CALL(onnx, ELEMENT_TYPE, void *, int *)(info, &element));
  TRY(CALL(onnx, ELEMENT_COUNT, void *, size_t *)(info, &output->count));
  TRY(CALL(onnx, DIMENSION_COUNT, void *, size_t *)(info, &output->rank));
  if (output->rank > 3 || element != TYPE_FLOAT) {
    say(message, capacity, "its output is not one of floats in two or three dimensions");
    goto failed;
  }
  TRY(CALL(onnx, DIMENSIONS, void *, int64_t *, size_t)(info, output->shape, output->rank));
  TRY(CALL(onnx, TENSOR_DATA, void *, void **)(output->value, (void **)&output->values));
  RELEASE(onnx, RELEASE_TENSOR_INFO, info);
  return 1;
failed:
  RELEASE(onnx, RELEASE_TENSOR_INFO, info);
  return 0;
}

int sluice_onnx_run(const sluice_onnx *onnx, const int64_t *ids, size_t count,
                    struct sluice_onnx_output *output, char *message, size_t capacity) {
  memset(output, 0, sizeof *output);
  void *inputs[INPUTS] = {NULL, NULL, NULL};
  int succeeded = 0;
  const char *output_name = onnx->output_name;
  // The mask is ones: one text at a time is not padded. Its tokens are all of the first segment.
  int64_t *constants = calloc(2 * count, sizeof *constants);
  if (!constants) {
    say(message, capacity, "memory is out");
    return 0;
  }
  for (size_t index = 0; index < count; index++) constants[index] = 1;
  const int64_t shape[2] = {1, (int64_t)count};
  for (size_t index = 0; index < onnx->input_count; index++) {
    const int64_t *content = onnx->input_names[index] == known_inputs[0]   ? ids
                             : onnx->input_names[index] == known_inputs[1] ? constants
                                                                           : constants + count;
    TRY(CALL(onnx, CREATE_TENSOR_WITH_DATA, void *, const void *, size_t, const int64_t *, size_t,
             int, void **)(onnx->memory, content, count * sizeof *content, shape, 2, TYPE_INT64,
                           &inputs[index]));
  }
  TRY(CALL(onnx, RUN, void *, const void *, const char *const *, const void *const *, size_t,
           const char *const *, size_t, void **)(
      onnx->session, NULL, onnx->input_names, (const void *const *)inputs, onnx->input_count,
      &output_name, 1, &output->value));
  succeeded = describe(onnx, output, message, capacity);
failed:
  for (size_t index = 0; index < INPUTS; index++) RELEASE(onnx, RELEASE_VALUE, inputs[index]);
  free(constants);
  if (!succeeded) sluice_onnx_output_free(onnx, output);
  return succeeded;
}

void sluice_onnx_output_free(const sluice_onnx *onnx, struct sluice_onnx_output *output) {
  RELEASE(onnx, RELEASE_VALUE, output->value);
  memset(output, 0, sizeof *output);
}
