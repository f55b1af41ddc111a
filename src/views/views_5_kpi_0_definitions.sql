--
-- KPIs: what each is (docs/kpi.md)
--
-- A KPI is a numerator, or a numerator over a denominator, both SQL expressions over the facts of a
-- period (views_5_kpi_1_*.sql): counts and sums, exact.  This table is the definition: the views
-- kpi, kpi_monthly and kpi_by_segment are written from it.
--
--   bounds         wilson (a proportion), nps, mean (needs the sum of squares), or none
--   needs_end      says nothing while the period lasts
--   by_segment     may be told for a segment of customers: money spent on nobody in particular can't
--

CREATE FUNCTION ledger_kpis(
  OUT kpi text, OUT unit text, OUT numerator text, OUT denominator text, OUT bounds text,
  OUT lower_is_better boolean, OUT needs_end boolean, OUT by_segment boolean, OUT section integer, OUT meaning text
) RETURNS SETOF record
  LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 125
BEGIN ATOMIC
  VALUES
    -- reach
    ('website_traffic'::text, 'count'::text, 'sessions'::text, NULL::text, NULL::text, false, false, true, 5, 'visits of the website: sessions, which more than 30 minutes of silence end'::text),
    ('visitors', 'count', 'visitors', NULL, NULL, false, false, true, 5, 'different visitors of the website: customers, or devices where no customer is known'),
    ('page_visits', 'count', 'page_views', NULL, NULL, false, false, true, 5, 'pages viewed'),
    ('pages_per_session', 'ratio', 'session_pages', 'sessions', NULL, false, false, true, 5, 'pages viewed in sessions that began in the period / those sessions'),
    ('time_on_page', 'seconds', 'page_seconds', 'page_seconds_count', NULL, false, false, true, 5, 'mean of the property duration of page views that have one, in seconds'),
    ('bounce_rate', 'rate', 'bounces', 'sessions', 'wilson', true, false, true, 5, 'sessions of one page / sessions'),
    ('ad_impressions', 'count', 'ad_impressions', NULL, NULL, false, false, false, 5, 'advertisements shown: sum of quantity, 1 where there is none'),
    ('social_engagement', 'count', 'social_follows + social_shares + social_likes', NULL, NULL, false, false, true, 5, 'follows, shares and likes on social networks'),
    ('social_follows', 'count', 'social_follows', NULL, NULL, false, false, true, 5, 'follows on social networks'),
    ('social_shares', 'count', 'social_shares', NULL, NULL, false, false, true, 5, 'shares on social networks'),
    ('social_likes', 'count', 'social_likes', NULL, NULL, false, false, true, 5, 'likes on social networks'),
    ('sentiment', 'score', 'sentiment_sum', 'sentiment_count', NULL, false, false, true, 5, 'mean sentiment of social and brand mentions that have one, -1..1'),
    ('brand_mentions', 'count', 'brand_mentions', NULL, NULL, false, false, true, 5, 'mentions of the brand'),
    ('social_mentions', 'count', 'social_mentions', NULL, NULL, false, false, true, 5, 'mentions on social networks'),
    -- acquisition
    ('leads', 'count', 'leads', NULL, NULL, false, false, true, 5, 'people identified: first touchpoint that is evidence of acquisition, before any payment'),
    ('lead_generation_rate', 'rate', 'leads', 'sessions', 'wilson', false, false, true, 5, 'leads / sessions of the website'),
    ('acquisition_spend', 'money', 'spend_acquisition', NULL, NULL, true, false, false, 5, 'money spent on acquisition: spend whose property purpose is acquisition, or missing'),
    ('cost_per_lead', 'money', 'NULLIF(spend_acquisition, 0)', 'leads', NULL, true, false, false, 5, 'acquisition spend / leads; NULL where no spend is recorded'),
    ('lead_to_opportunity_rate', 'rate', 'lead_opportunities', 'leads', 'wilson', false, false, true, 5, 'by cohort: leads of the period who have had an opportunity by now / leads of the period'),
    ('lead_to_opportunity_period_rate', 'rate', 'opportunities_opened', 'leads', NULL, false, false, true, 5, 'by period: opportunities opened in the period / leads of the period'),
    ('opportunities', 'count', 'opportunities_opened', NULL, NULL, false, false, true, 5, 'opportunities opened'),
    ('opportunity_to_customer_rate', 'rate', 'opportunity_wins', 'opportunities_opened', 'wilson', false, false, true, 5, 'by cohort: opportunities opened in the period and won by now / opportunities opened in the period'),
    ('opportunity_to_customer_period_rate', 'rate', 'deals', 'opportunities_opened', NULL, false, false, true, 5, 'by period: deals won in the period / opportunities opened in the period'),
    ('deals_won', 'count', 'deals', NULL, NULL, false, false, true, 5, 'deals won'),
    ('average_deal_size', 'money', 'deal_amount', 'deals_with_amount', NULL, false, false, true, 5, 'amount of deals won / deals won that have an amount'),
    ('sales_cycle_days', 'days', 'deal_days_median', NULL, NULL, true, false, true, 5, 'median days from the opportunity to the deal, of deals won in the period'),
    ('new_customers', 'count', 'customers_new', NULL, NULL, false, false, true, 1, 'customers whose first start ever is in the period'),
    ('cac', 'money', 'NULLIF(spend_acquisition, 0)', 'customers_new', NULL, true, false, false, 5, 'acquisition cost of a customer: acquisition spend / new customers, who came back not counted; NULL where no spend is recorded'),
    ('cac_payback_months', 'months', 'NULLIF(spend_acquisition, 0) * customers_end', 'customers_new * monthly_revenue * margin', NULL, true, true, false, 5, 'cac / (arpa * margin)'),
    -- customers
    ('customers', 'count', 'customers_end', NULL, NULL, false, false, true, 1, 'customers at the end of the period: start + new + returned - lost'),
    ('customers_returned', 'count', 'customers_returned', NULL, NULL, false, false, true, 1, 'customers who came back after they had left'),
    ('customers_lost', 'count', 'customers_lost', NULL, NULL, true, false, true, 1, 'customers who left; who left twice counts twice'),
    ('retention_rate', 'rate', 'customers_end - customers_new', 'customers_start', NULL, false, true, true, 1, '(customers at the end - new ones) / customers at the start; above 1 where more came back than left'),
    ('retention_rate_cohort', 'rate', 'customers_kept', 'customers_start', 'wilson', false, true, true, 1, 'customers there at both ends / customers at the start'),
    ('churn_rate', 'rate', 'customers_lost', 'customers_start', 'wilson', true, true, true, 1, 'customers lost / customers at the start'),
    ('churn_rate_start_plus_new', 'rate', 'customers_lost', 'customers_start + customers_new', 'wilson', true, true, true, 1, 'customers lost / (customers at the start + new ones)'),
    ('churn_rate_average', 'rate', 'customers_lost', '(customers_start + customers_end) / 2', NULL, true, true, true, 1, 'customers lost / mean of the customers at start and end'),
    ('churn_rate_cohort', 'rate', 'customers_start - customers_kept', 'customers_start', 'wilson', true, true, true, 1, 'customers of the start missing at the end / customers at the start'),
    ('involuntary_churn_share', 'rate', 'customers_lost_involuntary', 'customers_lost', 'wilson', true, false, true, 1, 'lost customers who did not want to leave: whom churn_reasons calls not voluntary / lost customers'),
    ('retention_spend', 'money', 'spend_retention', NULL, NULL, true, false, false, 10, 'money spent on keeping customers: spend whose property purpose is retention'),
    ('cost_to_retain', 'money', 'NULLIF(spend_retention, 0)', 'customers_kept', NULL, true, true, false, 10, 'retention spend / customers kept from the start to the end of the period; NULL where no spend is recorded'),
    ('cltv', 'money', 'monthly_revenue * months * margin * customers_start', 'customers_end * customers_lost', NULL, false, true, true, 6, 'lifetime value, perpetuity: revenue per customer and period * margin / churn_rate; NULL without churn'),
    ('ltv_to_cac', 'ratio', 'monthly_revenue * months * margin * customers_start * customers_new', 'customers_end * customers_lost * spend_acquisition', NULL, false, true, false, 5, 'cltv / cac'),
    -- revenue
    ('revenue', 'money', 'monthly_revenue * months', NULL, NULL, false, false, true, 2, 'purchases less refunds, and recurring revenue at the end times the months of the period'),
    ('arpa', 'money', 'monthly_revenue', 'customers_end', NULL, false, false, true, 5, 'average revenue per account: revenue a month / customers at the end'),
    ('orders', 'count', 'purchases', NULL, NULL, false, false, true, 5, 'purchases'),
    ('purchase_revenue', 'money', 'purchase_amount', NULL, NULL, false, false, true, 5, 'sum of purchases, refunds not deducted'),
    ('refunds', 'money', 'refund_amount', NULL, NULL, true, false, true, 5, 'sum of refunds and returns, positive'),
    ('average_order_value', 'money', 'purchase_amount', 'purchases', NULL, false, false, true, 6, 'sum of purchases / purchases'),
    ('repeat_purchase_rate', 'rate', 'buyers_again', 'buyers', 'wilson', false, false, true, 5, 'customers with purchases on two days or more of the period / customers with purchases in it'),
    ('returning_buyer_rate', 'rate', 'buyers_returning', 'buyers', 'wilson', false, false, true, 5, 'buyers of the period who had bought before it / buyers of the period'),
    ('mrr', 'money', 'mrr_end', NULL, NULL, false, false, true, 2, 'recurring revenue a month at the end: start + new + expansion + reactivation - contraction - churn'),
    ('mrr_new', 'money', 'mrr_new', NULL, NULL, false, false, true, 2, 'recurring revenue of those who never paid before'),
    ('mrr_expansion', 'money', 'mrr_expansion', NULL, NULL, false, false, true, 2, 'what those who pay more pay more'),
    ('mrr_contraction', 'money', 'mrr_contraction', NULL, NULL, true, false, true, 2, 'what those who pay less, but something, pay less'),
    ('mrr_churn', 'money', 'mrr_churn', NULL, NULL, true, false, true, 2, 'what those paid at the start who pay nothing at the end'),
    ('mrr_reactivation', 'money', 'mrr_reactivation', NULL, NULL, false, false, true, 2, 'recurring revenue of those who paid before, but not at the start'),
    ('subscribers', 'count', 'subscribers_end', NULL, NULL, false, false, true, 2, 'customers with recurring revenue at the end'),
    ('nrr', 'rate', 'mrr_start + mrr_expansion - mrr_contraction - mrr_churn', 'mrr_start', NULL, false, true, true, 2, 'net revenue retention: what those who paid at the start pay at the end / what they paid'),
    ('grr', 'rate', 'mrr_start - mrr_contraction - mrr_churn', 'mrr_start', NULL, false, true, true, 2, 'gross revenue retention: (start - contraction - churn) / start'),
    ('gross_revenue_churn', 'rate', 'mrr_churn + mrr_contraction', 'mrr_start', NULL, true, true, true, 2, '(churn + contraction) / start, of recurring revenue'),
    ('net_revenue_churn', 'rate', 'mrr_churn + mrr_contraction - mrr_expansion', 'mrr_start', NULL, true, true, true, 2, '(churn + contraction - expansion) / start, of recurring revenue'),
    ('net_revenue_churn_with_reactivation', 'rate', 'mrr_churn + mrr_contraction - mrr_expansion - mrr_reactivation', 'mrr_start', NULL, true, true, true, 2, '(churn + contraction - expansion - reactivation) / start, of recurring revenue'),
    ('quick_ratio', 'ratio', 'mrr_new + mrr_expansion', 'mrr_contraction + mrr_churn', NULL, false, true, true, 2, '(new + expansion) / (contraction + churn), of recurring revenue; NULL without losses'),
    ('quick_ratio_with_reactivation', 'ratio', 'mrr_new + mrr_expansion + mrr_reactivation', 'mrr_contraction + mrr_churn', NULL, false, true, true, 2, '(new + expansion + reactivation) / (contraction + churn), of recurring revenue'),
    ('expansion_rate', 'rate', 'mrr_expansion', 'mrr_start', NULL, false, true, true, 2, 'expansion / recurring revenue at the start'),
    ('cross_sell_rate', 'rate', 'cross_sell_customers', 'customers_served', 'wilson', false, false, true, 9, 'customers who bought something beside / customers who were there in the period'),
    ('cross_sell_revenue', 'money', 'cross_sell_amount', NULL, NULL, false, false, true, 9, 'sum of cross-sells; counted in purchases or recurring revenue already'),
    ('upsell_rate', 'rate', 'upsell_customers', 'customers_served', 'wilson', false, false, true, 9, 'customers who bought more of the same / customers who were there in the period'),
    ('upsell_revenue', 'money', 'upsell_amount', NULL, NULL, false, false, true, 9, 'sum of upsells; counted in purchases or recurring revenue already'),
    ('payments_failed', 'count', 'payments_failed', NULL, NULL, true, false, true, 9, 'payments that failed'),
    -- voice
    ('nps', 'points', 'nps_promoters - nps_detractors', 'nps_responses', 'nps', false, false, true, 3, 'net promoter score, -100..100: 100 (promoters - detractors) / responses'),
    ('csat', 'rate', 'csat_satisfied', 'csat_responses', 'wilson', false, false, true, 4, 'answers in the two highest scores of the scale / answers'),
    ('csat_mean', 'score', 'csat_sum', 'csat_responses', NULL, false, false, true, 4, 'mean answer to the satisfaction question, on its scale'),
    ('ces', 'score', 'ces_sum', 'ces_responses', 'mean', false, false, true, 4, 'customer effort score: mean answer, 1..7, high is easy'),
    ('ces_agreeing_share', 'rate', 'ces_agreeing', 'ces_responses', 'wilson', false, false, true, 4, 'answers above the middle of the scale (5 to 7 of 1..7) / answers'),
    ('survey_response_rate', 'rate', 'survey_answers', 'surveys_sent', 'wilson', false, false, true, 10, 'answers to surveys / surveys sent, both in the period'),
    ('loyalty_participation_rate', 'rate', 'loyalty_customers', 'customers_served', 'wilson', false, false, true, 9, 'customers who earned or redeemed points / customers who were there in the period'),
    -- advocacy
    ('referral_rate', 'rate', 'customers_referred', 'customers_new', 'wilson', false, false, true, 5, 'new customers by referral (referral_converted, or acquired by the channel referral) / new customers'),
    ('referrals_sent', 'count', 'referrals_sent', NULL, NULL, false, false, true, 9, 'referrals that customers sent'),
    ('referrals_converted', 'count', 'referrals_converted', NULL, NULL, false, false, true, 9, 'people referred who became customers'),
    ('invites_per_customer', 'ratio', 'referrals_sent', 'customers_served', NULL, false, false, true, 5, 'referrals sent / customers who were there in the period'),
    ('referral_conversion_rate', 'rate', 'referrals_converted', 'referrals_sent', 'wilson', false, false, true, 5, 'referrals converted / referrals sent, both in the period'),
    ('viral_coefficient', 'ratio', 'referrals_converted', 'customers_served', NULL, false, false, true, 5, 'invites per customer * conversion of invites = referrals converted / customers who were there in the period'),
    ('reviews', 'count', 'reviews', NULL, NULL, false, false, true, 9, 'reviews'),
    ('review_score', 'score', 'review_sum', 'review_scores', NULL, false, false, true, 9, 'mean score of reviews that have one, 1..5'),
    ('testimonials', 'count', 'testimonials', NULL, NULL, false, false, true, 9, 'testimonials and case studies'),
    -- service
    ('tickets_opened', 'count', 'tickets_opened', NULL, NULL, true, false, true, 4, 'tickets opened'),
    ('first_contact_resolution_rate', 'rate', 'tickets_one_touch', 'tickets_known', 'wilson', false, false, true, 4, 'tickets resolved with one reply and not reopened within 7 days / tickets first resolved in the period, and 7 days ago'),
    ('first_contact_resolution_no_repeat_rate', 'rate', 'tickets_no_repeat', 'tickets_known', 'wilson', false, false, true, 4, 'the same, and without a new ticket of the customer on the topic within 7 days'),
    ('response_within_2h_rate', 'rate', 'replies_within_2h', 'first_replies', 'wilson', false, false, true, 4, 'first replies within less than 2 hours / first replies given in the period'),
    ('response_within_2h_due_rate', 'rate', 'tickets_met', 'tickets_due', 'wilson', false, false, true, 4, 'tickets replied to within less than 2 hours / tickets opened in the period that have a reply or are older than that'),
    ('first_response_median_hours', 'hours', 'reply_hours_median', NULL, NULL, true, false, true, 4, 'median hours from a ticket to its first reply, of first replies given in the period'),
    ('first_response_p90_hours', 'hours', 'reply_hours_p90', NULL, NULL, true, false, true, 4, 'nine in ten first replies given in the period took no longer, in hours'),
    ('resolution_median_hours', 'hours', 'resolution_hours_median', NULL, NULL, true, false, true, 4, 'median hours from a ticket to its first resolution, of those first resolved in the period'),
    ('escalation_rate', 'rate', 'tickets_escalated', 'tickets_opened', 'wilson', true, false, true, 4, 'tickets escalated / tickets opened, both in the period'),
    ('health_good_share', 'rate', 'health_good', 'health_read', 'wilson', false, false, true, 7, 'customers whose last health score of the period is 7 or more / customers with one'),
    ('health_score', 'score', 'health_sum', 'health_read', NULL, false, false, true, 7, 'mean of the customers'' last health scores of the period, 1..10'),
    ('engagement_rate', 'rate', 'customers_active', 'customers_served', 'wilson', false, false, true, 5, 'customers with a sign of life / customers who were there in the period'),
    ('active_customers', 'count', 'customers_active', NULL, NULL, false, false, true, 5, 'customers with a sign of life in the period'),
    ('active_people', 'count', 'people_active', NULL, NULL, false, false, true, 5, 'customers and prospects with a sign of life in the period; by month: MAU'),
    ('daily_active_people', 'ratio', 'people_days', 'days', NULL, false, false, true, 5, 'people with a sign of life a day, on average over the days of the period so far: DAU'),
    ('stickiness', 'rate', 'people_days', 'days * people_active', NULL, false, false, true, 5, 'daily active people / active people of the period: DAU / MAU'),
    ('email_open_rate', 'rate', 'emails_opened', 'emails_sent', 'wilson', false, false, true, 9, 'emails sent in the period and opened within 7 days / emails sent'),
    ('email_click_rate', 'rate', 'emails_clicked', 'emails_sent', 'wilson', false, false, true, 9, 'emails sent in the period and clicked within 7 days / emails sent'),
    ('emails_sent', 'count', 'emails_sent', NULL, NULL, false, false, true, 9, 'emails sent to customers'),
    ('self_service_rate', 'rate', 'self_service_solved', 'self_service_solved + tickets_opened', 'wilson', false, false, true, 9, 'requests solved by self-service / those and tickets opened'),
    ('self_service_solved_rate', 'rate', 'self_service_solved', 'self_service', 'wilson', false, false, true, 10, 'uses of self-service that solved the matter (property solved) / uses of self-service'),
    -- sustainability
    ('resource_use', 'quantity', 'CASE WHEN resource_units <= 1 THEN resource_use END', NULL, NULL, true, false, false, 10, 'resources used, in their unit; NULL where units differ'),
    ('resource_use_per_customer', 'quantity', 'CASE WHEN resource_units = 1 THEN resource_use END', 'customers_served', NULL, true, false, false, 10, 'resources used / customers who were there in the period; NULL where none is recorded, or units differ'),
    ('resource_use_per_revenue', 'quantity', 'CASE WHEN resource_units = 1 THEN resource_use END', 'monthly_revenue * months', NULL, true, false, false, 10, 'resources used / revenue; NULL where none is recorded, or units differ'),
    ('resource_waste_share', 'rate', 'resource_waste', 'CASE WHEN resource_units <= 1 THEN resource_use END', NULL, true, false, false, 10, 'quantity * property waste / resources used; NULL where units differ'),
    ('waste_avoided', 'quantity', '(baseline_churn_rate * customers_start - customers_lost) * CASE WHEN resource_units = 1 THEN resource_acquisition END', 'customers_new', NULL, false, true, false, 10, '(churn at the baseline rate - churn) * resources used per acquired customer; NULL without a target for churn_rate, or where none is recorded');
END;
COMMENT ON FUNCTION ledger_kpis() IS
  'the definition of each KPI: its unit, numerator and denominator over the facts of a period (which kpi_fact keeps), interval, whether less is better, the section of the semantics, and what it means';

CREATE FUNCTION ledger_kpi_facts_known() RETURNS text[]
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN (SELECT pg_catalog.array_agg(DISTINCT m.fact[1] ORDER BY m.fact[1])
            FROM @extschema@.ledger_kpis() k,
                 pg_catalog.regexp_matches(pg_catalog.concat_ws(' ', k.numerator, k.denominator, pg_catalog.regexp_replace(k.numerator, '_(median|p90)$', '_count'), 'ces_squares'), '[a-z][a-z0-9_]+', 'g') AS m (fact));
COMMENT ON FUNCTION ledger_kpi_facts_known() IS 'the facts that the definitions of KPIs speak of';
