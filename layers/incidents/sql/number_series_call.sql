-- Begin a series of numbers after the highest one that an import brought; whoever comes second finds it begun.
INSERT INTO layers_numberseries (name, last)
SELECT %(start)s, coalesce(max(substring(code from '^' || %(start)s || '([0-9]{1,15})$')::bigint), 0)
  FROM layers_call
 WHERE code LIKE %(start)s || '%%'
ON CONFLICT DO NOTHING
