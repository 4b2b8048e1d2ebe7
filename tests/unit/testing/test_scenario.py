"""What is changed in a scenario of sipp before it is played over the lossy network."""

from __future__ import annotations

from callwright.testing.scenario import PLAYED, for_lossy_network

SCENARIO = """<scenario name="s">
  <recv request="INVITE"/>
  <send><![CDATA[
      SIP/2.0 200 OK
      [last_Via:]
      [last_To:];tag=1
      Contact: <sip:peer@[local_ip]:[local_port]>
  ]]></send>
  <recv request="ACK"/>
  <recv request="BYE">
    <action>
      <ereg regexp="x" search_in="msg" check_it="true" assign_to="seen"/>
    </action>
  </recv>
  <send><![CDATA[
      SIP/2.0 200 OK
      [last_Via:]
  ]]></send>
  <Reference variables="seen"/>
</scenario>
"""


def test_answers_carry_the_headers_of_their_own_request() -> None:
    text = for_lossy_network(SCENARIO, ("127.0.0.3", 7))
    invite, bye = text.split('<recv request="ACK">')
    assert "To: [$keptTo1];tag=1" in invite
    assert "Via: [$keptVia1]" in invite
    assert "Via: [$keptVia3]" in bye
    assert "[last_" not in text
    assert 'assign_to="keptCSeq3"' in bye.split('regexp="x"')[0]


def test_the_face_stands_in_the_contact_and_the_end_is_told_and_waited_out() -> None:
    text = for_lossy_network(SCENARIO, ("127.0.0.3", 7))
    assert "Contact: <sip:peer@127.0.0.3:7>" in text
    told, waited, used = (text.index(word) for word in (PLAYED, "<timewait", "<Reference"))
    assert text.rindex("</send>") < told < waited < used
