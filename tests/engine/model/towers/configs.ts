/**
 * The fields of published config.json files that decide the size of models around a decoder. What a file leaves to its
 * configuration class is left out here, too.
 */

type Fields = Record<string, unknown>;

export const CLIP_336: Fields = {
  model_type: 'clip_vision_model',
  hidden_size: 1024,
  image_size: 336,
  intermediate_size: 4096,
  num_attention_heads: 16,
  num_hidden_layers: 24,
  patch_size: 14,
};

export const siglip = (changes: Fields = {}): Fields => ({
  model_type: 'siglip_vision_model',
  hidden_size: 1152,
  intermediate_size: 4304,
  num_hidden_layers: 27,
  num_attention_heads: 16,
  image_size: 384,
  patch_size: 14,
  vision_use_head: false,
  ...changes,
});

/** Width, network, layers, heads, KV heads, vocabulary. */
export const decoder = (
  model_type: string,
  [hidden_size, intermediate_size, num_hidden_layers, num_attention_heads, num_key_value_heads, vocab_size]: number[],
  changes: Fields = {},
): Fields => ({
  model_type,
  hidden_size,
  intermediate_size,
  num_hidden_layers,
  num_attention_heads,
  num_key_value_heads,
  vocab_size,
  max_position_embeddings: 32768,
  ...changes,
});

export const around = (
  model_type: string,
  architecture: string,
  text_config: Fields,
  vision_config: Fields,
  more: Fields = {},
) => ({
  architectures: [architecture],
  model_type,
  text_config,
  vision_config,
  ...more,
});

const qwen2Vl = (sizes: number[], tie: boolean): Fields => ({
  ...decoder('qwen2_vl', sizes, { tie_word_embeddings: tie }),
  architectures: ['Qwen2VLForConditionalGeneration'],
  vision_config: {
    depth: 32,
    embed_dim: 1280,
    mlp_ratio: 4,
    num_heads: 16,
    in_chans: 3,
    hidden_size: sizes[0],
    patch_size: 14,
  },
});

const qwen25Vl = (sizes: number[], tie: boolean, network: number): Fields => ({
  ...decoder('qwen2_5_vl', sizes, { tie_word_embeddings: tie }),
  architectures: ['Qwen2_5_VLForConditionalGeneration'],
  vision_config: {
    depth: 32,
    hidden_size: 1280,
    intermediate_size: network,
    num_heads: 16,
    out_hidden_size: sizes[0],
    patch_size: 14,
  },
});

const VICUNA_7B: Fields = { model_type: 'llama', max_position_embeddings: 4096, vocab_size: 32064 };
const VICUNA_13B = decoder('llama', [5120, 13824, 40, 40, 40, 32064]);

const PIXTRAL: Fields = { model_type: 'pixtral', head_dim: 64, image_size: 1540, patch_size: 14 };
const mistral3 = (text: Fields): Fields =>
  around('mistral3', 'Mistral3ForConditionalGeneration', text, PIXTRAL, { spatial_merge_size: 2 });

const paligemma = (text: Fields, image_size: number): Fields =>
  around('paligemma', 'PaliGemmaForConditionalGeneration', text, siglip({ image_size }));

const idefics3 = (text: Fields, vision: Fields, scale_factor: number): Fields =>
  around('idefics3', 'Idefics3ForConditionalGeneration', text, { model_type: 'idefics3', ...vision }, { scale_factor });
const SIGLIP_B: Fields = {
  hidden_size: 768,
  image_size: 512,
  intermediate_size: 3072,
  num_attention_heads: 12,
  num_hidden_layers: 12,
  patch_size: 16,
};
export const SIGLIP_SO: Fields = {
  hidden_size: 1152,
  intermediate_size: 4304,
  num_attention_heads: 16,
  num_hidden_layers: 27,
  patch_size: 14,
};

export const INTERN_VIT_300M: Fields = {
  model_type: 'intern_vit_6b',
  hidden_size: 1024,
  image_size: 448,
  intermediate_size: 4096,
  norm_type: 'layer_norm',
  num_attention_heads: 16,
  num_hidden_layers: 24,
  patch_size: 14,
  qk_normalization: false,
  qkv_bias: true,
};
export const INTERN_VIT_6B: Fields = {
  ...INTERN_VIT_300M,
  hidden_size: 3200,
  intermediate_size: 12800,
  norm_type: 'rms_norm',
  num_attention_heads: 25,
  num_hidden_layers: 45,
  qk_normalization: true,
  qkv_bias: false,
};
export const internvlChat = (llm_config: Fields, vision_config: Fields): Fields => ({
  architectures: ['InternVLChatModel'],
  model_type: 'internvl_chat',
  downsample_ratio: 0.5,
  llm_config: { tie_word_embeddings: false, ...llm_config },
  vision_config,
});
const internlm2 = (sizes: number[]): Fields => decoder('internlm2', sizes, { bias: false });

export const minicpmV = (version: unknown, sizes: number[], query_num: number): Fields => ({
  ...decoder('minicpmv', sizes, { tie_word_embeddings: false }),
  architectures: ['MiniCPMV'],
  version,
  query_num,
  vision_config: { ...SIGLIP_SO, image_size: 980 },
});

const phi = (model_type: string, architecture: string, sizes: number[], more: Fields): Fields => ({
  ...decoder(model_type, sizes),
  architectures: [architecture],
  ...more,
});

/** Totals of the safetensors files as Hugging Face shows them with the model. */
export const HUB: Record<string, [number, Fields]> = {
  'google/gemma-3-4b-it': [
    4_300_079_472,
    around(
      'gemma3',
      'Gemma3ForConditionalGeneration',
      {
        model_type: 'gemma3_text',
        hidden_size: 2560,
        intermediate_size: 10240,
        num_hidden_layers: 34,
        sliding_window: 1024,
      },
      siglip({ image_size: 896 }),
    ),
  ],
  'google/paligemma-3b-pt-224': [2_923_466_480, paligemma(decoder('gemma', [2048, 16384, 18, 8, 1, 257216]), 224)],
  'google/paligemma2-3b-pt-224': [3_032_242_416, paligemma(decoder('gemma2', [2304, 9216, 26, 8, 4, 257216]), 224)],
  'HuggingFaceM4/idefics2-8b': [
    8_402_768_112,
    around(
      'idefics2',
      'Idefics2ForConditionalGeneration',
      { model_type: 'mistral', vocab_size: 32003 },
      { model_type: 'idefics2', ...SIGLIP_SO, image_size: 980 },
      { perceiver_config: { model_type: 'idefics2' }, tie_word_embeddings: false },
    ),
  ],
  'HuggingFaceTB/SmolVLM-256M-Instruct': [
    256_484_928,
    idefics3(decoder('llama', [576, 1536, 30, 9, 3, 49280]), SIGLIP_B, 4),
  ],
  'HuggingFaceTB/SmolVLM2-500M-Video-Instruct': [
    507_482_304,
    {
      ...idefics3(decoder('llama', [960, 2560, 32, 15, 5, 49280]), { ...SIGLIP_B, model_type: 'smolvlm_vision' }, 4),
      architectures: ['SmolVLMForConditionalGeneration'],
      model_type: 'smolvlm',
    },
  ],
  'HuggingFaceTB/SmolVLM-Instruct': [
    2_246_272_880,
    idefics3(decoder('llama', [2048, 8192, 24, 32, 32, 49155]), { ...SIGLIP_SO, image_size: 384 }, 3),
  ],
  'microsoft/Phi-3.5-vision-instruct': [
    4_146_621_440,
    phi('phi3_v', 'Phi3VForCausalLM', [3072, 8192, 32, 32, 32, 32064], {
      img_processor: { image_dim_out: 1024, model_name: 'openai/clip-vit-large-patch14-336', num_img_tokens: 144 },
    }),
  ],
  'microsoft/Phi-4-multimodal-instruct': [
    5_574_460_384,
    phi('phi4mm', 'Phi4MMForCausalLM', [3072, 8192, 32, 24, 8, 200064], {
      tie_word_embeddings: true,
      img_processor: null,
      audio_processor: {
        config: {
          attention_dim: 1024,
          attention_heads: 16,
          input_size: 80,
          kernel_size: 3,
          linear_units: 1536,
          nemo_conv_settings: { conv_channels: 1024 },
          num_blocks: 24,
          relative_attention_bias_args: { t5_bias_max_distance: 500, type: 't5' },
          time_reduction: 8,
        },
      },
      speech_lora: { r: 320 },
      vision_lora: { r: 256 },
    }),
  ],
  'OpenGVLab/InternVL2-2B': [2_205_754_368, internvlChat(internlm2([2048, 8192, 24, 16, 8, 92553]), INTERN_VIT_300M)],
  'OpenGVLab/InternVL2-8B': [8_075_365_376, internvlChat(internlm2([4096, 14336, 32, 32, 8, 92553]), INTERN_VIT_300M)],
  'OpenGVLab/InternVL2_5-26B': [
    25_514_186_112,
    internvlChat(internlm2([6144, 16384, 48, 48, 8, 92553]), INTERN_VIT_6B),
  ],
  'OpenGVLab/InternVL3-2B': [
    2_088_957_440,
    internvlChat(decoder('qwen2', [1536, 8960, 28, 12, 2, 151674]), INTERN_VIT_300M),
  ],
  'OpenGVLab/InternVL3-8B': [
    7_944_373_760,
    internvlChat(decoder('qwen2', [3584, 18944, 28, 28, 4, 151674]), INTERN_VIT_300M),
  ],
  'openbmb/MiniCPM-Llama3-V-2_5': [8_537_092_336, minicpmV('2.5', [4096, 14336, 32, 32, 8, 128256], 96)],
  'Qwen/Qwen2-Audio-7B-Instruct': [
    8_397_094_912,
    {
      architectures: ['Qwen2AudioForConditionalGeneration'],
      model_type: 'qwen2_audio',
      text_config: { model_type: 'qwen2', intermediate_size: 11008, max_position_embeddings: 8192, vocab_size: 156032 },
      audio_config: {
        model_type: 'qwen2_audio_encoder',
        d_model: 1280,
        encoder_layers: 32,
        encoder_ffn_dim: 5120,
        num_mel_bins: 128,
      },
    },
  ],
  'Qwen/Qwen2-VL-2B-Instruct': [2_208_985_600, qwen2Vl([1536, 8960, 28, 12, 2, 151936], true)],
  'Qwen/Qwen2-VL-72B-Instruct': [73_405_560_320, qwen2Vl([8192, 29568, 80, 64, 8, 152064], false)],
  'Qwen/Qwen2.5-VL-3B-Instruct': [3_754_622_976, qwen25Vl([2048, 11008, 36, 16, 2, 151936], true, 3420)],
  'Qwen/Qwen2.5-VL-32B-Instruct': [33_452_718_336, qwen25Vl([5120, 27648, 64, 40, 8, 152064], false, 3456)],
  'Qwen/Qwen2.5-VL-72B-Instruct': [73_410_777_344, qwen25Vl([8192, 29568, 80, 64, 8, 152064], false, 3456)],
  'Qwen/Qwen3-VL-8B-Instruct': [
    8_767_123_696,
    around(
      'qwen3_vl',
      'Qwen3VLForConditionalGeneration',
      decoder('qwen3_vl_text', [4096, 12288, 36, 32, 8, 151936], { head_dim: 128, tie_word_embeddings: false }),
      { deepstack_visual_indexes: [8, 16, 24], out_hidden_size: 4096 },
    ),
  ],
};

const OMNI_TEXT = decoder('qwen2_5_omni_text', [3584, 18944, 28, 28, 4, 152064], { tie_word_embeddings: false });

/**
 * Parameters of the Transformers classes (release 5.18) built from these fields without values, tied matrices once. Where a
 * file is a published one, its name is given; the others use switches that no bundled file has.
 */
export const ENUMERATED: Record<string, [number, Fields]> = {
  'AIDC-AI/Ovis2-8B-hf': [
    8_932_264_950,
    around(
      'ovis2',
      'Ovis2ForConditionalGeneration',
      decoder('qwen2', [3584, 18944, 28, 28, 4, 151643]),
      {
        hidden_size: 1536,
        intermediate_size: 4096,
        num_attention_heads: 12,
        num_hidden_layers: 24,
        image_size: 448,
        hidden_stride: 2,
        vocab_size: 65536,
      },
      { hidden_size: 3584, tie_word_embeddings: false },
    ),
  ],
  'baidu/ERNIE-4.5-VL-28B-A3B-PT': [
    29_399_294_336,
    around(
      'ernie4_5_vl_moe',
      'Ernie4_5_VLMoeForConditionalGeneration',
      decoder('ernie4_5_vl_moe_text', [2560, 12288, 28, 20, 4, 103424], {
        moe_intermediate_size: [1536, 512],
        moe_k: 6,
        moe_num_experts: 64,
        moe_num_shared_experts: 2,
      }),
      {},
      { tie_word_embeddings: true },
    ),
  ],
  'CohereLabs/aya-vision-8b': [
    8_631_842_032,
    around(
      'aya_vision',
      'AyaVisionForConditionalGeneration',
      decoder('cohere2', [4096, 14336, 32, 32, 8, 256000], { sliding_window: 4096 }),
      siglip({ image_size: 364 }),
      { alignment_intermediate_size: 28672, downsample_factor: 2 },
    ),
  ],
  'CohereLabs/command-a-vision-07-2025': [
    111_867_525_360,
    around(
      'cohere2_vision',
      'Cohere2VisionForConditionalGeneration',
      decoder('cohere2', [12288, 36864, 64, 96, 8, 256000], { sliding_window: 4096 }),
      siglip({ image_size: 512, patch_size: 16 }),
    ),
  ],
  'google/paligemma2-10b-pt-448': [
    9_663_523_568,
    paligemma(decoder('gemma2', [3584, 14336, 42, 16, 8, 257216], { head_dim: 256 }), 448),
  ],
  'HuggingFaceM4/Idefics3-8B-Llama3': [
    8_462_086_384,
    idefics3(decoder('llama', [4096, 14336, 32, 32, 8, 128259]), { ...SIGLIP_SO, image_size: 364 }, 2),
  ],
  'ibm-granite/granite-speech-3.3-2b': [
    3_009_219_840,
    {
      architectures: ['GraniteSpeechForConditionalGeneration'],
      model_type: 'granite_speech',
      has_lora_adapter: true,
      tie_word_embeddings: true,
      text_config: decoder('granite', [2048, 8192, 40, 32, 8, 49160]),
      encoder_config: {
        num_layers: 16,
        hidden_dim: 1024,
        num_heads: 8,
        dim_head: 128,
        output_dim: 256,
        input_dim: 160,
      },
      projector_config: {
        hidden_size: 1024,
        encoder_hidden_size: 1024,
        num_hidden_layers: 2,
        num_attention_heads: 16,
        intermediate_size: 4096,
        cross_attention_frequency: 1,
      },
    },
  ],
  'lightonai/LightOnOCR-1B': [
    1_005_647_872,
    around(
      'lighton_ocr',
      'LightOnOcrForConditionalGeneration',
      decoder('qwen3', [1024, 3072, 28, 16, 8, 151936], { head_dim: 128, tie_word_embeddings: true }),
      PIXTRAL,
    ),
  ],
  'llava-hf/llama3-llava-next-8b-hf': [
    8_355_276_800,
    around(
      'llava_next',
      'LlavaNextForConditionalGeneration',
      { model_type: 'llama', intermediate_size: 14336, num_key_value_heads: 8, vocab_size: 128320 },
      CLIP_336,
    ),
  ],
  'llava-hf/llava-1.5-13b-hf': [13_351_494_656, around('llava', 'LlavaForConditionalGeneration', VICUNA_13B, CLIP_336)],
  'llava-hf/llava-onevision-qwen2-7b-ov-hf': [
    8_029_890_080,
    around(
      'llava_onevision',
      'LlavaOnevisionForConditionalGeneration',
      decoder('qwen2', [3584, 18944, 28, 28, 4, 152000]),
      siglip({ num_hidden_layers: 26 }),
      { tie_word_embeddings: false },
    ),
  ],
  'llava-hf/llava-v1.6-34b-hf': [
    34_752_083_968,
    around(
      'llava_next',
      'LlavaNextForConditionalGeneration',
      decoder('llama', [7168, 20480, 60, 56, 8, 64064]),
      CLIP_336,
    ),
  ],
  'llava-hf/llava-v1.6-vicuna-13b-hf': [
    13_351_499_776,
    around('llava_next', 'LlavaNextForConditionalGeneration', VICUNA_13B, CLIP_336),
  ],
  'llava-hf/llava-v1.6-vicuna-7b-hf': [
    7_063_431_168,
    around('llava_next', 'LlavaNextForConditionalGeneration', VICUNA_7B, CLIP_336),
  ],
  'llava-hf/vip-llava-7b-hf': [
    7_080_214_528,
    around('vipllava', 'VipLlavaForConditionalGeneration', VICUNA_7B, CLIP_336),
  ],
  'LLaVA around SigLIP with its head, two feature layers, no projector biases': [
    7_193_379_904,
    around('llava', 'LlavaForConditionalGeneration', VICUNA_7B, siglip({ vision_use_head: undefined }), {
      vision_feature_layer: [3, 7],
      multimodal_projector_bias: false,
    }),
  ],
  'LLaVA around SigLIP 2': [
    7_188_331_968,
    around('llava', 'LlavaForConditionalGeneration', VICUNA_7B, {
      ...SIGLIP_SO,
      patch_size: 16,
      model_type: 'siglip2_vision_model',
    }),
  ],
  'LLaVA around AIMv2': [
    7_072_265_216,
    around('llava', 'LlavaForConditionalGeneration', VICUNA_7B, {
      model_type: 'aimv2_vision_model',
      hidden_size: 1024,
    }),
  ],
  'mistral-community/pixtral-12b': [
    12_682_739_712,
    around(
      'llava',
      'LlavaForConditionalGeneration',
      {
        model_type: 'mistral',
        head_dim: 128,
        hidden_size: 5120,
        num_hidden_layers: 40,
        num_key_value_heads: 8,
        sliding_window: null,
        vocab_size: 131072,
      },
      { model_type: 'pixtral', head_dim: 64, image_size: 1024, patch_size: 16 },
      { vision_feature_layer: -1 },
    ),
  ],
  'mistralai/Ministral-3-8B-Instruct-2512': [
    8_918_026_240,
    mistral3(decoder('ministral3', [4096, 14336, 34, 32, 8, 131072], { head_dim: 128, tie_word_embeddings: false })),
  ],
  'mistralai/Voxtral-Mini-3B-2507': [
    4_676_271_104,
    {
      architectures: ['VoxtralForConditionalGeneration'],
      model_type: 'voxtral',
      text_config: decoder('llama', [3072, 8192, 30, 32, 8, 131072], { head_dim: 128 }),
      audio_config: {
        model_type: 'voxtral_encoder',
        hidden_size: 1280,
        intermediate_size: 5120,
        num_hidden_layers: 32,
      },
    },
  ],
  'nvidia/audio-flamingo-3-hf': [
    8_267_215_360,
    {
      architectures: ['AudioFlamingo3ForConditionalGeneration'],
      model_type: 'audioflamingo3',
      text_config: decoder('qwen2', [3584, 18944, 28, 28, 4, 151672]),
      audio_config: { model_type: 'audioflamingo3_encoder' },
    },
  ],
  'OpenGVLab/InternVL3-78B-hf': [
    78_408_318_336,
    around(
      'internvl',
      'InternVLForConditionalGeneration',
      decoder('qwen2', [8192, 29568, 80, 64, 8, 151674], { tie_word_embeddings: false }),
      {
        model_type: 'internvl_vision',
        hidden_size: 3200,
        image_size: [448, 448],
        intermediate_size: 12800,
        norm_type: 'rms_norm',
        num_attention_heads: 25,
        num_hidden_layers: 45,
        patch_size: [14, 14],
        use_qk_norm: true,
      },
    ),
  ],
  'PaddleOCR-VL as Transformers writes it': [
    799_695_472,
    around(
      'paddleocr_vl',
      'PaddleOCRVLForConditionalGeneration',
      decoder('paddleocr_vl_text', [1024, 3072, 18, 16, 2, 103424], { head_dim: 128 }),
      {},
    ),
  ],
  'Phi-4-multimodal as Transformers publishes it': [
    4_744_004_032,
    phi('phi4_multimodal', 'Phi4MultimodalForCausalLM', [3072, 8192, 32, 24, 8, 200064], {
      tie_word_embeddings: true,
      vision_config: {},
      audio_config: {},
    }),
  ],
  'the thinker of Qwen/Qwen2.5-Omni-7B': [
    8_931_813_888,
    {
      architectures: ['Qwen2_5OmniModel'],
      model_type: 'qwen2_5_omni',
      thinker_config: {
        text_config: OMNI_TEXT,
        vision_config: { hidden_size: 1280, intermediate_size: 3420, out_hidden_size: 3584 },
        audio_config: { d_model: 1280 },
      },
    },
  ],
  'the thinker of Qwen/Qwen3-Omni-30B-A3B': [
    31_719_205_488,
    {
      architectures: ['Qwen3OmniMoeForConditionalGeneration'],
      model_type: 'qwen3_omni_moe',
      thinker_config: {
        text_config: decoder('qwen3_omni_moe_text', [2048, 768, 48, 32, 4, 152064], {
          head_dim: 128,
          moe_intermediate_size: 768,
          num_experts: 128,
          num_experts_per_tok: 8,
          tie_word_embeddings: false,
        }),
        vision_config: { out_hidden_size: 2048 },
        audio_config: { output_dim: 2048 },
      },
    },
  ],
  'DAMO-NLP-SG/VideoLLaMA3-2B': [
    1_959_993_584,
    around(
      'video_llama_3',
      'VideoLlama3ForConditionalGeneration',
      decoder('qwen2', [1536, 8960, 28, 12, 2, 151936], { tie_word_embeddings: true }),
      SIGLIP_SO,
    ),
  ],
  'zai-org/GLM-4.1V-9B-Thinking': [
    10_292_777_472,
    around('glm4v', 'Glm4vForConditionalGeneration', decoder('glm4v_text', [4096, 13696, 40, 32, 2, 151552]), {
      hidden_size: 1536,
      depth: 24,
      num_heads: 12,
      intermediate_size: 13696,
      out_hidden_size: 4096,
    }),
  ],
  'zai-org/GLM-OCR': [
    807_479_808,
    around(
      'glm_ocr',
      'GlmOcrForConditionalGeneration',
      { model_type: 'glm_ocr_text', num_hidden_layers: 16, head_dim: 64 },
      {},
    ),
  ],
};
