-- The few quantities that are wider than a point: ranges, and numbers with a comparator. All others are found by their lower
-- end alone, whichever way they are compared.
create index search_quantity_wide on search_quantity (type, param, high, low, id) where low < high;
create index search_quantity_wide_canon on search_quantity (type, param, canon, canon_high, canon_low, id)
  where canon_low < canon_high;
