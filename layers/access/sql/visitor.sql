-- A session that has not expired, the account thought to be behind it, and that account's grants in
-- force, in one reading; no row where there is no such session or account.
SELECT account.*, session.session_data,
       (SELECT coalesce(jsonb_agg(jsonb_build_array(held.role, held.agency_id, agency.government,
                                                    held.area_id, area.code)), '[]')
          FROM layers_grant AS held
          LEFT JOIN layers_agency AS agency ON agency.id = held.agency_id
          LEFT JOIN layers_area AS area ON area.id = held.area_id
         WHERE held.user_id = account.id AND held.revoked_at IS NULL
           AND (held.expires_at IS NULL OR held.expires_at > %(now)s)) AS grants_held
  FROM django_session AS session
  JOIN layers_user AS account ON account.id = %(user_id)s
 WHERE session.session_key = %(session_key)s AND session.expire_date > %(now)s
