"""Who uses the product: tenants, the companies they call for, and their keys."""
