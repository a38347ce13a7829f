/**
 * Further published config.json files around a decoder, reduced to the fields that decide the size, and files with switches
 * that no published one has.
 */

import { around, decoder, internvlChat, INTERN_VIT_6B, SIGLIP_SO } from './configs.ts';

type Fields = Record<string, unknown>;

export const QWEN_7B: Fields = {
  model_type: 'qwen',
  architectures: ['QWenLMHeadModel'],
  hidden_size: 4096,
  intermediate_size: 22016,
  kv_channels: 128,
  max_position_embeddings: 8192,
  no_bias: true,
  num_attention_heads: 32,
  num_hidden_layers: 32,
  tie_word_embeddings: false,
  vocab_size: 151936,
};

export const PADDLE_OCR: Fields = {
  ...decoder('paddleocr_vl', [1024, 3072, 18, 16, 2, 103424], { head_dim: 128, tie_word_embeddings: false }),
  architectures: ['PaddleOCRVLForConditionalGeneration'],
  vision_config: { ...SIGLIP_SO, model_type: 'paddleocr_vl', image_size: 384, spatial_merge_size: 2 },
};

const SAM: Fields = { heads: 12, layers: 12, width: 768, global_attn_indexes: [2, 5, 8, 11] };

const ovis = (llm_config: Fields, backbone_config: Fields, vocab_size: number): Fields => ({
  model_type: 'ovis',
  architectures: ['Ovis'],
  llm_config,
  visual_tokenizer_config: { backbone_config, hidden_stride: 2, vocab_size },
});

const blip2 = (text: Fields): Fields => ({
  model_type: 'blip-2',
  architectures: ['Blip2ForConditionalGeneration'],
  num_query_tokens: 32,
  text_config: { model_type: 'opt', max_position_embeddings: 2048, vocab_size: 50304, ...text },
  vision_config: { model_type: 'blip_2_vision_model' },
  qformer_config: { model_type: 'blip_2_qformer' },
});

/** Totals of the safetensors files as Hugging Face shows them with the model. */
export const FURTHER_HUB: Record<string, [number, Fields]> = {
  'adept/fuyu-8b': [
    9_408_238_592,
    {
      ...decoder('fuyu', [4096, 16384, 36, 64, 64, 262144], { num_key_value_heads: undefined, qk_layernorm: true }),
      architectures: ['FuyuForCausalLM'],
      num_channels: 3,
      patch_size: 30,
    },
  ],
  'allenai/Molmo-7B-D-0924': [
    8_021_025_280,
    {
      ...decoder('molmo', [3584, 37888, 28, 28, 4, 152064]),
      architectures: ['MolmoForCausalLM'],
      attention_layer_norm: false,
      embedding_size: 152064,
      layer_norm_type: 'rms',
      qkv_bias: true,
      weight_tying: false,
    },
  ],
  'cckevinn/SeeClick': [
    9_656_935_168,
    {
      ...QWEN_7B,
      visual: {
        heads: 16,
        image_size: 448,
        layers: 48,
        mlp_ratio: 4.9231,
        output_dim: 4096,
        patch_size: 14,
        width: 1664,
      },
    },
  ],
  'deepseek-ai/DeepSeek-OCR-2': [
    3_389_119_360,
    {
      model_type: 'deepseek_vl_v2',
      architectures: ['DeepseekOCR2ForCausalLM'],
      language_config: decoder('deepseek_v2', [1280, 6848, 12, 10, 10, 129280], {
        first_k_dense_replace: 1,
        moe_intermediate_size: 896,
        n_routed_experts: 64,
        n_shared_experts: 2,
        num_experts_per_tok: 6,
        use_mla: false,
        qk_nope_head_dim: 0,
        qk_rope_head_dim: 0,
        v_head_dim: 0,
      }),
      projector_config: { input_dim: 896, n_embed: 1280, projector_type: 'linear' },
      vision_config: { width: { 'qwen2-0-5b': { dim: 896 }, sam_vit_b: { ...SAM, downsample_channels: [512, 1024] } } },
    },
  ],
  'PaddlePaddle/PaddleOCR-VL': [958_588_736, PADDLE_OCR],
  'rednote-hilab/dots.ocr': [
    3_039_179_264,
    {
      ...decoder('dots_ocr', [1536, 8960, 28, 12, 2, 151936], { attention_bias: true, tie_word_embeddings: false }),
      architectures: ['DotsOCRForCausalLM'],
      vision_config: { embed_dim: 1536, hidden_size: 1536, intermediate_size: 4224, num_hidden_layers: 42 },
    },
  ],
  'rhymes-ai/Aria': [
    25_307_311_216,
    around(
      'aria',
      'AriaForConditionalGeneration',
      decoder('aria_text', [2560, 1664, 28, 20, 20, 100352], {
        moe_num_experts: 64,
        moe_num_shared_experts: 2,
        moe_topk: 6,
      }),
      { ...SIGLIP_SO, model_type: 'idefics3_vision', image_size: 980 },
      { projector_patch_to_query_dict: { '1225': 128, '4900': 256 } },
    ),
  ],
  'Salesforce/blip2-opt-2.7b': [
    3_744_761_856,
    blip2({
      ffn_dim: 10240,
      hidden_size: 2560,
      num_attention_heads: 32,
      num_hidden_layers: 32,
      word_embed_proj_dim: 2560,
    }),
  ],
  'Salesforce/blip2-opt-6.7b': [
    7_752_869_376,
    blip2({
      ffn_dim: 16384,
      hidden_size: 4096,
      num_attention_heads: 32,
      num_hidden_layers: 32,
      word_embed_proj_dim: 4096,
    }),
  ],
  'Skywork/Skywork-R1V-38B': [
    38_392_158_592,
    {
      ...internvlChat(decoder('qwen2', [5120, 27648, 64, 40, 8, 152064]), INTERN_VIT_6B),
      architectures: ['SkyworkChatModel'],
      model_type: 'skywork_chat',
    },
  ],
  'stepfun-ai/step3': [
    320_969_912_832,
    around(
      'step3_vl',
      'Step3VLForConditionalGeneration',
      {
        model_type: 'step3_text',
        hidden_size: 7168,
        intermediate_size: 18432,
        num_attention_heads: 64,
        num_attention_groups: 1,
        num_hidden_layers: 61,
        max_seq_len: 65536,
        vocab_size: 128815,
        moe_intermediate_size: 5120,
        moe_num_experts: 48,
        moe_top_k: 3,
        share_expert_dim: 5120,
        share_q_dim: 2048,
        head_dim: 256,
        moe_layers_enum: Array.from({ length: 56 }, (_, index) => index + 4).join(','),
      },
      {
        model_type: 'step3_vision_encoder',
        hidden_size: 1792,
        image_size: 728,
        intermediate_size: 15360,
        num_attention_heads: 16,
        num_hidden_layers: 63,
        output_hidden_size: 4096,
        patch_size: 14,
      },
      { projector_bias: false, understand_projector_stride: 2 },
    ),
  ],
};

/** Ovis 2 stores the head of its tied decoder a second time: 151,936 x 896 of the published 1,267,417,974. */
export const OVIS2_1B = ovis(
  decoder('qwen2', [896, 4864, 24, 14, 2, 151936], { tie_word_embeddings: true }),
  {
    model_type: 'aimv2',
    hidden_size: 1024,
    image_size: 448,
    intermediate_size: 2816,
    num_attention_heads: 8,
    num_hidden_layers: 24,
    patch_size: 14,
    qkv_bias: false,
    use_bias: false,
  },
  65536,
);

const LLAMA_SMALL = decoder('llama', [512, 1024, 2, 8, 4, 1000]);
const QWEN_SMALL = decoder('qwen3', [512, 1024, 2, 8, 4, 1000], { head_dim: 64 });

/** Parameters of the Transformers classes (release 5.18) built from these fields without values, tied matrices once. */
export const FURTHER_ENUMERATED: Record<string, [number, Fields]> = {
  'Aria with 300 queries, three layers of its encoder': [
    1_487_595_760,
    around(
      'aria',
      'AriaForConditionalGeneration',
      { model_type: 'aria_text', num_hidden_layers: 2 },
      { ...SIGLIP_SO, num_hidden_layers: 3, image_size: 980 },
      { projector_patch_to_query_dict: { '1225': 128, '4900': 300 } },
    ),
  ],
  'BLIP-2 without biases of queries, with a shorter Q-Former': [
    125_235_328,
    {
      ...blip2({ hidden_size: 512, ffn_dim: 1024, num_hidden_layers: 2, num_attention_heads: 8, vocab_size: 1000 }),
      num_query_tokens: 7,
      vision_config: { qkv_bias: false, num_hidden_layers: 3 },
      qformer_config: { num_hidden_layers: 5, cross_attention_frequency: 3 },
    },
  ],
  'facebook/chameleon-7b': [
    7_043_090_432,
    { model_type: 'chameleon', architectures: ['ChameleonForConditionalGeneration'], vq_config: {} },
  ],
  'Chameleon whose encoder attends at two sizes': [
    970_689_920,
    {
      model_type: 'chameleon',
      architectures: ['ChameleonForConditionalGeneration'],
      num_hidden_layers: 2,
      vq_config: { attn_resolutions: [32, 128], channel_multiplier: [1, 2, 4], double_latent: true },
    },
  ],
  'GLM-ASR': [
    646_050_816,
    {
      model_type: 'glmasr',
      architectures: ['GlmAsrForConditionalGeneration'],
      text_config: LLAMA_SMALL,
      audio_config: {},
    },
  ],
  'HunyuanOCR around a small decoder': [
    461_642_736,
    around(
      'hunyuan_vl',
      'HunYuanVLForConditionalGeneration',
      { ...LLAMA_SMALL, model_type: 'hunyuan_vl_text', head_dim: 128 },
      {},
    ),
  ],
  'Janus around a small decoder': [
    429_213_835,
    { ...around('janus', 'JanusForConditionalGeneration', LLAMA_SMALL, {}), vq_config: {} },
  ],
  'Janus with norms on queries and keys, a deeper aligner, fewer levels': [
    410_074_763,
    {
      ...around('janus', 'JanusForConditionalGeneration', LLAMA_SMALL, {
        use_qk_norm: true,
        attention_bias: false,
        depth: 3,
      }),
      vq_config: { channel_multiplier: [1, 2, 4], num_res_blocks: 1 },
    },
  ],
  'MiniCPM-V 4.6 that joins patches twice': [
    669_402_224,
    around(
      'minicpmv4_6',
      'MiniCPMV4_6ForConditionalGeneration',
      {
        model_type: 'qwen3_5_text',
        hidden_size: 1024,
        intermediate_size: 2048,
        num_hidden_layers: 4,
        vocab_size: 2000,
      },
      { ...SIGLIP_SO, image_size: 980 },
      { merger_times: 2 },
    ),
  ],
  'Qianfan-OCR as Transformers writes it': [
    312_126_208,
    around('qianfan_ocr', 'QianfanOCRForConditionalGeneration', QWEN_SMALL, {}),
  ],
  'Qwen3-ASR around a small decoder': [
    324_285_312,
    {
      model_type: 'qwen3_asr',
      architectures: ['Qwen3ASRForConditionalGeneration'],
      text_config: QWEN_SMALL,
      audio_config: {},
    },
  ],
  'Video-LLaVA around a small decoder': [
    612_892_160,
    { model_type: 'video_llava', architectures: ['VideoLlavaForConditionalGeneration'], text_config: LLAMA_SMALL },
  ],
};
