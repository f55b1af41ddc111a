-- BI tools compare with text: the enum has no such operator, on purpose
CREATE TABLE customer (id integer, stage lifecycle_stage);
INSERT INTO customer VALUES (1, 'awareness'), (2, 'conversion'), (3, 'churned');
\set VERBOSITY terse
SELECT id FROM customer WHERE stage = 'conversion'::text;
SELECT id FROM customer WHERE stage IN (SELECT 'conversion'::text);
SELECT id FROM customer WHERE stage LIKE 'conv%';
SELECT id FROM customer WHERE lower(stage) = 'conversion';
PREPARE by_stage(text) AS SELECT id FROM customer WHERE stage = $1;
\set VERBOSITY default
-- so every view has a text twin of its stage
CREATE VIEW customer_bi AS SELECT id, stage, stage::text AS stage_name FROM customer;
SELECT id FROM customer_bi WHERE stage_name = 'conversion'::text;
SELECT id FROM customer_bi WHERE stage_name LIKE 'conv%';
PREPARE by_name(text) AS SELECT id FROM customer_bi WHERE stage_name = $1;
EXECUTE by_name('conversion');
-- while the enum sorts as life goes
SELECT stage_name FROM customer_bi ORDER BY stage;
SELECT stage_name FROM customer_bi ORDER BY stage_name COLLATE "C";
-- a literal needs no type, and a wrong one is found out
SELECT id FROM customer WHERE stage = 'conversion';
SELECT id FROM customer WHERE stage = 'Conversion';

DEALLOCATE by_name;

-- has anyone changed the enum?
SELECT * FROM lifecycle_check_stage_type();
BEGIN;
ALTER TYPE lifecycle_stage ADD VALUE 'hibernating' BEFORE 'churned';
-- used_by names every column in the database: here, ours
CREATE FUNCTION ours(used_by text[]) RETURNS text[] LANGUAGE sql
  RETURN ARRAY(SELECT u FROM unnest(used_by) u WHERE u LIKE 'public.customer.%');
\x on
SELECT label, problem, consequence, remedy, ours(used_by) AS used_by FROM lifecycle_check_stage_type();
\x off
-- renamed, the type no longer is what it was
ALTER TYPE lifecycle_stage RENAME VALUE 'churned' TO 'lost';
SELECT label, problem, ours(used_by) AS used_by FROM lifecycle_check_stage_type();
SAVEPOINT before_error;
SELECT to_stage('clm_sustainability', 'churn');
ROLLBACK TO before_error;
SELECT stage_label(stage, 'cx') FROM customer WHERE id = 3;
ROLLBACK TO before_error;
SELECT stage_agg(stage, '2024-01-01') FROM customer;
ROLLBACK TO before_error;
ALTER TYPE lifecycle_stage RENAME VALUE 'lost' TO 'churned';
SELECT to_stage('clm_sustainability', 'churn'), stage_label('churned', 'clm_sustainability');
ROLLBACK;
SELECT * FROM lifecycle_check_stage_type();

-- another extension of this name in the same session: other OIDs, another schema, same stages
BEGIN;
SET LOCAL client_min_messages = warning;
CREATE SCHEMA elsewhere;
DROP EXTENSION customer_lifecycle CASCADE;
CREATE EXTENSION customer_lifecycle SCHEMA elsewhere;
SELECT elsewhere.to_stage('cx', 'purchase'), elsewhere.stage_label('advocacy', 'cx'), elsewhere.is_customer('churned'),
       elsewhere.current_stage(elsewhere.stage_agg('advocacy', '2024-01-01'));
SELECT * FROM elsewhere.stage_transition_matrix(ARRAY(
  SELECT elsewhere.stage_agg(s, '2024-01-01'::timestamptz + n * interval '24 hours')
  FROM unnest('{awareness,conversion}'::elsewhere.lifecycle_stage[]) WITH ORDINALITY u(s, n)));
SELECT * FROM elsewhere.lifecycle_check_stage_type();
ROLLBACK;
SELECT to_stage('cx', 'purchase'), stage_label('advocacy', 'cx'), current_stage(stage_agg('advocacy', '2024-01-01'));
DROP TABLE customer CASCADE;
