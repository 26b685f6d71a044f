"""Documents made from the contracts: JSON Schema, AsyncAPI, TypeScript, a reference page. Pure: models in, text out."""
