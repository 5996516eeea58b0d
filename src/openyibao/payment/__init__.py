"""Payment (支付方式): what a stay is worth to the hospital. Grouping by DRG is pure and lives in `engine`."""
