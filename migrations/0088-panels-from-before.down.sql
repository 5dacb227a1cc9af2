-- What was held back with its panel stays so: the version before writes the same releases.
select 1;
