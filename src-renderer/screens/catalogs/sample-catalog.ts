/** A catalog as short as one can be, with a cloud and a price that nobody has: to be changed into one's own. */
export const SAMPLE_CATALOG = `{
  "metadata": { "provider": "example", "last_updated": "2026-11-01" },
  "vm_instances": [
    {
      "name": "example-l40s-1",
      "gpus": [{ "type": "nvidia-l40s", "count": 1 }],
      "vcpus": 8,
      "memory_gb": 64,
      "ondemand_price_usd": 1.1,
      "available_zones": ["eu-1-a"]
    }
  ]
}
`;
