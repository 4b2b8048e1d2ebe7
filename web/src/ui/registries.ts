// Where own numbers are registered, in English and Chinese.
export const REGISTRIES: Record<string, readonly [string, string]> = {
  "stir-shaken": ["STIR/SHAKEN", "STIR/SHAKEN"], cnam: ["CNAM", "CNAM"], "free-caller-registry": ["Free Caller Registry", "Free Caller Registry"],
  "carrier-contract": ["carrier contract", "运营商合同"], "number-label-platforms": ["label platforms", "号码标记平台"],
};
