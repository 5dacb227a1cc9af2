drop index search_quantity_wide_canon;
drop index search_quantity_wide;
