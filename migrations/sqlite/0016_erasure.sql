-- Indexes that find all rows of a client by its id.

CREATE INDEX media_object_by_client ON media_object (client_id) WHERE client_id IS NOT NULL;
CREATE INDEX inference_call_by_client ON inference_call (client_id) WHERE client_id IS NOT NULL;
CREATE INDEX pairing_by_client ON pairing (client_id);
