# ruff: noqa: E501 - one pattern per line, however long
"""English grammar of "call me no more" and "a person, please"; see `requests_zh` for how it is built.

Read on normalised text (contractions written out), but contracted spellings are understood too.
"""

from __future__ import annotations

__all__ = ["EXCUSABLE", "EXCUSED_AFTER", "EXCUSED_BEFORE", "FIRM", "GUARDED", "HUMAN", "LASTING", "OPT_OUT", "TRIGGERS"]

_NOT = r"(?:do not|don'?t|must not|mustn'?t|should not|can not|cannot|can'?t|may not|better not|not|(?<!you )(?<!they )(?<!he )(?<!she )never|(?<=sure you )never)"
_STOP = r"(?:stop|quit|cease|refrain from|desist from|discontinue|end|enough (?:with|of)|give up|knock off)"
_CALL = r"(?:call|coal|ring|phone|telephone|contact|dial|bother|disturb|harass|pester|annoy|bug|spam)"
_CALLING = r"(?:call|ring|phon|telephon|contact|dial|text|messag|bother|disturb|harass|pester|annoy|bugg|spamm?)ing"
_CALLED = r"(?:called|rung|phoned|contacted|bothered|disturbed|harassed|texted|dialled)"
_SMALL = r"(?: (?:you|ever|dare|please|again|even|just|really|to|be|any|more|anyone|anybody|want|you to|keep on|keep|go|your people|have anyone|let anyone|have|ever again|ever|guys|people|them|try|trying|me|with|like|making|placing|all|the|these|those|your|this|of|it|such|further|future|get|getting|receiving|receive|phone|sales|marketing))"
_CALLS = r"(?:calls?|phone calls?|phonecalls?|calling|contact|robo ?calls?|messages|texts|spam|hear from (?:you|your \w+|them|anyone there))"
_ME = r"(?:me|us|my|our|this|that|the number|here|again|any ?more|no more|ever|back|her|him|them|at (?:this|home|all)|on this)"
_OURS = r"(?:(?:my|our|this|the|mine|that|his|her|their)(?: (?:mum|mom|mother|dad|father|wife|husband|son|daughter|parent|parents|home|house|family|office|business|mobile|cell|phone)(?:'s| s|s)?)?)"
_NUMBER = r"(?:number|numbers|phone|phone number|name|details|data|information|info|contact|contacts|contact details|record|records|line|entry|address|telephone number)"
_OFF = r"(?:take|remove|delete|get|strike|cross|drop|pull|scrub|erase|wipe|strip|scratch|purge|unlist|clear|withdraw|exclude|kick)"
_WISH = r"(?:want|wish|would like|would love|like|care|need|ask(?:ed|ing)?|expect|consent|agree|appreciate)"

LASTING = (
    r"\b(?:ever|never|again|any ?more|for good|from now on|in future|in the future|going forward|permanently|no more)\b"
)

OPT_OUT = (
    rf"\b{_NOT}{_SMALL}{{0,4}} {_CALL}(?: {_ME}\b| please| no more|$)(?: (?:number|phone|house|home|line|again|any ?more|number again|back))?",
    rf"\b(?:please |kindly ){_NOT}{_SMALL}{{0,3}} {_CALL}\b(?! (?:the|a|on|for)\b)",
    rf"\b{_NOT}{_SMALL}{{0,3}} (?:text|message|email|mail) (?:me|us|this number)(?: \w+){{0,2}} (?:again|any ?more|ever)\b",
    rf"(?<!are )(?<!am )(?<!is )(?<!re )(?<!were )\b{_NOT}{_SMALL}{{0,4}} (?:be {_CALLED}|{_CALLING})(?: (?:again|me|us|any ?more|by|at|here|this|my)|$)",
    rf"\b{_STOP}{_SMALL}{{0,4}} (?:{_CALLING}|{_CALL}(?= me| us| my| this| here|$)|calls?|phone calls?|contact)\b",
    r"(?<!had )(?<!got )(?<!get )(?<!were )(?<!are )\b(?:(?:no more|no further) (?:of )?(?:these |your |those |the )?(?:phone |sales |marketing |cold |unsolicited )?(?:calls?|calling|contact|phonecalls?|robocalls?)\b|no (?:phone |sales |marketing |cold )?(?:calls|calling|contact)(?= please| again| ever| any ?more| at all| to (?:me|this|my)| whatsoever|$))",
    rf"\b(?:{_STOP}|no more|enough) (?:it )?(?:with|of) (?:all )?(?:the|these|your|those) (?:phone |sales )?call(?:s|ing)",
    rf"\b(?:keep|kept|always|still|are|been) {_CALLING}(?: \w+){{0,3}} (?:please |just )?(?:stop|quit|cut it out|enough)",
    rf"\b(?:i|we|she|he|they)(?: \w+){{0,1}} (?:do not|don'?t|no longer|never|not)(?: ever)? {_WISH}(?: (?:to|any|more|of|your|these|those|such|you|further|be|get|getting|receive|receiving|have|having|hear|take|taking|answer|ever|again|phone|sales|marketing|the|anyone|anybody|from)){{0,7}} (?:calls?|phone calls?|{_CALLING}|{_CALLED}|from you|from your \w+|by you|contact(?:ing)?|call(?:ing)? (?:me|us)|bothering)\b",
    r"\b(?:not|nobody|no one|none of you|never)(?: \w+){0,2} (?:calls?|calling|phones?|rings?|contacts?|bothers?) (?:me|us|this number|here|my (?:number|phone|house))(?: again| any ?more| ever)?\b",
    rf"\bnot (?:to )?(?:be |get |getting |being )?{_CALLED} (?:again|any ?more)",
    r"\b(?:want|be|get|like)(?: me| us| to be)? off (?:of )?(?:your|this|that|the|every|all)(?: \w+){0,2} lists?\b",
    rf"\b(?:my|this|our) (?:\w+ )?{_NUMBER} (?:should|must|needs|need|has|have|to|can|be)(?: \w+){{0,2}} (?:removed|deleted|taken off|erased|blocked)",
    rf"(?<!are )(?<!am )(?<!is )(?<!re )(?<!were )\b(?:not|without) {_CALLING}(?: me| us| my| this| here| again| any ?more)",
    rf"\b(?:asked|told|asking|telling|ask|tell|warned|begging|want|wanted|need|like|request(?:ed)?|warning)(?: \w+)? (?:you|your \w+|them|everyone)(?: \w+){{0,2}} (?:not to|to not|to never|never to|to stop|to quit|would stop|stop|should stop) ?(?:{_CALL}|{_CALLING})?",
    rf"\b(?:prefer|rather|appreciate|like|wish|grateful|hope|better)(?: it)?(?: if)? (?:that )?(?:you|your company|nobody|no one)(?: all| guys| people)? (?:did not|didn'?t|would not|wouldn'?t|do not|don'?t|not|never|stopped|would stop|quit|to stop)(?: ever| please)? ?(?:{_CALLING}|{_CALL})?\b",
    rf"\b{_OFF} {_OURS} (?:phone )?number (?:off|out)(?: please| now|$)",
    rf"\b{_OFF} (?:me|us|myself|{_OURS}(?: \w+){{0,2}}?)(?: (?:off|out|from|of))(?: of)?(?: \w+'?s?){{0,4}}? (?:lists?|systems?|databases?|records?|books?|directory|contacts?|files?|register|calls?)\b",
    rf"\b{_OFF} (?:me|us)(?: off| out)?(?: please| now|$)|\b(?:remove|unsubscribe|delete|unlist|exclude) (?:me|us)\b(?! from the (?:room|booking|order|table|class))",
    rf"\b(?:delete|remove|erase|forget|lose|scrub|block|wipe|purge|destroy|scratch) {_OURS} (?:\w+ )?{_NUMBER}\b",
    rf"\b(?:i|we) (?:want|would like|need)(?: \w+){{0,3}} {_NUMBER} (?:to be )?(?:deleted|removed|erased|taken off|blocked|scrubbed)",
    r"\b(?:put|add|place|register) (?:me|us|(?:my|this|our) \w+) (?:on|to|in|onto) (?:your|the|a|that)?(?: \w+)? ?(?:do not|don'?t|no) ?(?:call|contact)",
    r"\b(?:do not|don'?t|no)[ -]call (?:list|registry|register|number|me list)\b",
    r"\bun ?subscribe(?:d)?\b|\bopt(?:ed|ing)?(?: me| us| my \w+)?[ -]out\b",
    r"\b(?:want|wish|like|ask(?:ed)?|demand|request)(?: \w+){0,1} to (?:be )?(?:removed|taken off|deleted|unsubscribed|left alone|off (?:your|the|this) list|stop (?:receiving|getting))",
    r"\bleave (?:me|us|my (?:family|mother|mum|mom|parents|wife|husband)) alone\b",
    rf"\b(?:you|your company|you people|you guys)(?: \w+)? (?:can not|can'?t|may not|must not|should not|are not (?:allowed|permitted)|have no (?:right|business|permission)|do not have (?:the |my |any )?(?:right|permission|consent))(?: \w+){{0,2}} (?:{_CALL}|{_CALLING})",
    rf"\bno (?:right|permission|consent|business)(?: to| for)?(?: keep)? (?:{_CALL}|{_CALLING})",
    r"\b(?:did not|didn'?t|never|have not|do not|not) (?:give|given|gave|consent|agree)(?:d)?(?: \w+){0,3} (?:permission|consent|to (?:be called|these calls|this call|any calls|being called))",
    r"\b(?:withdraw|revoke|cancel|take back|rescind|retract)(?:ing)? (?:my |our |all |any )*(?:consent|permission|authori[sz]ation)",
    rf"\b(?:if|next time|should|every time|one more) (?:you |your \w+ |they )?(?:ever )?(?:{_CALL}|calls?)(?: me| us| here| this number| this)?(?: again| back| once more| one more time)?,?(?: and)?(?: i(?: am| will| shall| would|'m|'ll)?| we(?: are| will|'ll)?)(?: going to| be)? (?:call(?:ing)?|report|reporting|sue|suing|fil(?:e|ing)|complain|block|contact|phon|take|tak)\w*",
    rf"\b{_CALL} (?:me|us|here|this number)? ?(?:one more time|again|once more) and\b|\bif you {_CALL}(?: me| us| here)? again\b",
    r"\b(?:get|stay|keep) (?:off|out of|away from) (?:of )?my (?:phone|line|life)\b",
    rf"\bi said (?:stop|no more|{_NOT} {_CALL})|\bthis is my last warning",
    r"\b(?:i|we)(?: am| are|'m|'re) (?:so |really |just )?(?:done with|sick of|tired of|fed up with)(?: all)? (?:your|these|the|you)(?: phone| sales| constant)* (?:calls|calling)",
    r"\bblock(?:ing)? (?:you|your number)\b|\bcease and desist|\blose (?:my|this) number\b",
)

_REAL = r"(?:(?:real|actual|live|human|proper|genuine|living|breathing|another|different|flesh and blood|customer|customer service|sales|service|senior|nice|single|qualified|trained|other|duty|account|member of) ){0,3}"
_WHO = rf"{_REAL}(?:person|people|human|humans|human being|human beings|operators?|agents?|represent\w{{3,8}}|reps?|managers?|super ?vis[oe]rs?|advis[oe]rs?|adviser|somebody|someone|anyone|anybody|staff|boss|assistant|colleagues?|specialist|consultant|customer (?:service|services|support|care)|support|reception(?:ist)?|sales|team|expert|superior|team leader|member of staff|technician|management|man|woman|lady|guy)"
_ART = r"(?:(?:a|an|the|your|some|any|one of your|my|another|of your|of the|with|to) ){0,3}"
_BOT = r"(?:robots?|machines?|bots?|computers?|recordings?|ai|an ai|voice ?bots?|automated \w+|automation|answering machine)"

HUMAN = (
    rf"^(?:(?:please|just|ok|no|yes|uh|um|hello|hi|well) )*{_ART}(?:operator|agent|representative|represent\w{{3,8}}|human|human being|real person|live agent|live person|live operator|customer services?|manager|supervisor|advis[oe]r|real human|person)(?: (?:please|now|thanks|thank you|right now|operator|agent|support))*$",
    r"\b(?:operator|agent|representative|(?:real |live )(?:person|human|agent|people)|human(?: being)?|customer services?|your (?:manager|supervisor|boss)|manager|supervisor) (?:please|now|right now)\b",
    rf"\b(?:speak|talk|chat|speaking|talking|connected|transferred|transfer|connect|pass(?:ed)?|through|forward|switch|hand(?:ed)?|redirect|route|get|over|escalate|conversation)(?: me| us| this| this call| my call| directly| straight| on| over| back| through)* (?:to|with) (?:(?:a|an|the|your|some|any|another) )?{_WHO}\b",
    rf"\b(?:have|get) a (?:quick )?(?:word|chat|conversation) with {_ART}{_WHO}\b",
    rf"\b(?:put|get|give|find|fetch|grab|bring|send|pass|hand) (?:me |us )?(?:(?:a|an|the|your|some|another|one of your|through to|over to|on to) ){{0,2}}{_WHO}(?: else)?(?= |$)(?! (?:by|for the|at the|a|an|some|my)\b)",
    rf"\b(?:put|get|have|let) (?:me |us )?(?:(?:a|an|the|your|some|another) )?(?:{_WHO})(?: else)? (?:on|to the phone|on the (?:line|phone)|call|ring|phone|contact|speak|talk|come|get back|explain|help)\b",
    rf"\b(?:i|we)(?: (?:just|really|only|still|would|do|will|am))*(?: (?:want|need|would like|like|prefer|demand|request|take|rather have|asking for|ask for))(?: to (?:have|get|see))? (?:(?:a|an|the|your|some|another) )?(?:(?:real|actual|live|human|proper) (?:{_WHO}|one|being)|human|operator|agent|representative|person|someone real|somebody real|manager|supervisor|customer service|someone from|somebody from)\b",
    rf"\b(?:could|can|may|let|might) (?:i|we|me|us) (?:please |just )?(?:have|get|see) (?:(?:a|an|the|your|some|another) )?{_WHO}\b(?! (?:number|discount|with me|by))",
    rf"\b(?:want|need|like|prefer|could|can|have) (?:(?:a|an|the|your|some) )?{_WHO}(?: else)?(?: (?:from|in|on|at|of) \w+ \w+)? (?:to (?:talk|speak|explain|help|call|ring|phone|handle|deal)|explain|call me|ring me|phone me|help me|talk to me|speak to me|take over|deal)\b",
    r"\b(?:is|are) there (?:(?:a|an|any|some) )?(?:(?:real|actual|live|human|proper|living) (?:person|people|human|humans|one|body|agent|operator|beings?)|human|humans|person|anyone|anybody|someone|somebody|agent|operator)(?: (?:real|human|else|alive))?(?: (?:there|i can|available|to talk|to speak|i could|around|that i|who can|who could|on the line|here|real|with a pulse)|$)",
    rf"\b(?:not|don'?t|won'?t|never|hate|stop|dislike|refuse to|tired of|sick of)(?= (?!the )(?!\w+ vacuum))(?: (?:want|to|like|be|wanting|having|going|a|with|talk|talking|speak|speaking|deal|dealing|listen|listening|chat|chatting|with|waste|time|on|the|this|these|any|your|you|stupid|bloody|damn|an)){{0,7}} {_BOT}\b(?! (?:vacuum|cleaner|vision|learning|is fine))",
    rf"\b(?:talk|talking|speak|speaking) to (?:a |an )?{_BOT} (?:is|again|any ?more|no)\b",
    r"^(?:(?:please|just|ok|no|yes|can you|could you|would you|will you|you can|then|and) )*(?:transfer|connect|redirect|escalate|put) (?:me|this|my call|this call)(?: (?:please|now|right now|through|over|immediately|on|then))*$",
    r"\b(?:transfer|connect|forward|redirect|route|switch|hand) me (?:to|over|through|with)\b|\bput me (?:through|on) (?:to|with)\b",
    r"\b(?:anyone|anybody|someone|somebody|any one) (?:real|human|alive|in charge|who is human|with authority)\b|\b(?:someone|somebody) (?:who is|that is|who) (?:real|human|not a|alive)",
    rf"\b(?:how|where|when)(?: \w+){{1,3}} (?:get|reach|speak|talk|find)(?: to| hold of| with)? (?:a |an |your |some )?(?:{_REAL})(?:human|person|agent|operator|representative|people)\b",
    r"\bpress zero for|\bhuman (?:operator|agent|support|assistance|help)\b(?! error)",
    r"\b(?:need|want|like|let me|have) (?:somebody|someone) (?:else )?(?:to|i can) (?:talk|speak|chat)\b|\b(?:put|get) (?:somebody|someone|anyone) else\b",
    r"\b(?:any|some) ?(?:one|body)(?: \w+){0,2} (?:who is|that is|who|thats|whos) (?:a )?(?:human|real)",
    r"\b(?:pass|hand) (?:me|the phone|this|this call)(?: over| on)? to (?:your|a|an|the|someone|somebody)\b",
)

_LIMIT = r"(?:now|today|tonight|tomorrow|yet|before|after|until|till|between|during|at|on (?:sun|mon|tues|wednes|thurs|fri|satur|week|my (?:day|lunch))\w*|this (?:morning|afternoon|evening|week|weekend|month|early|late)|in the (?:morning|afternoon|evening|night|middle|car)|at (?:work|night|lunch|noon|dinner|\w+ (?:o clock|am|pm))|right now|so (?:early|late|often)|too (?:early|late)|early|late|while|when|for (?:a|the next|another|two|three)|next week|in a meeting)"
_OTHERS = r"(?:him|her|them|it|that|my (?:husband|wife|boss|office|mother|mom|mum|son|daughter|dad|father|partner|colleague|work|landline|assistant|cell|mobile|old)|the (?:office|landline|house|cops|police|doctor|shop)|sir|madam|mr|mrs)"
EXCUSED_BEFORE = {
    "opt_out": (
        r"\b(?:say|said|saying|mean|meant|ask|asking|asked|tell|told|telling) (?:you |that |you to |to )?$(?<!i said )(?<!i told you )(?<!i asked you )(?<!i am asking you )(?<!i'm asking you )(?<!i said to )(?<!i have told you )",
        r"\b(?:not|never)(?: \w+){0,1} (?:say|said|saying|asking|asked|ask|mean|tell|told|telling|told you|ask you|asked you|want you)(?: you| that| you to| to| it)*(?: to)? $",
        r"\b(?:need|he|she|they|who|doctor|boss|wife|husband)(?: has| have| had)? $",
        r"\b(?:he|she|they|wife|husband|mother|mom|mum|doctor|boss|father|dad|son|daughter|friend|colleague|people|who|lawyer)(?: \w+)? (?:say|says|said|told|asked|tells|asks|wants|want)(?: \w+)?(?: to| that)? $",
        r"\b(?:why|did|do|when|does|forgot to|forget to|how do i|how can i|where do i|can not|please do not|could not|do not forget to|without|what is your|what's your|is there an|your|other|not) (?:you |i |they |he |she |we |ever )?$",
    ),
    "human": (
        r"\b(?:not|never|no|no need(?: to)?|no need for|without|not have to|need not|not need to|not want to|why would i|not going to|refuse to|not want|not need|not ask for)(?: (?:need|have|want|wish|ask|asking|like|going|care|trying|to|be|for|you|please))* (?:a |an |the |your |any |to )?$|\b(?:do not|don'?t|no) $",
        r"\b(?:already|yesterday|just|was|were|last time|he|she|they|did|have|had|who do|who can|who should|am i|are you|is this|who|have you|you are|am|sounds|sound|when|if|currently) (?:i |you |we )?(?:already |just |been |to |like |actually |really )?(?:spoke |spoken |talked )?$",
    ),
}
_CHANNEL = r"(?:call|ring|phone|text|email|e mail|use|try|dial|contact|message|whatsapp|reach)"
EXCUSED_AFTER = {
    "opt_out": (
        rf"^ ?(?:\w+ ){{0,1}}?(?:please )?{_LIMIT}\b(?! you| again)",
        rf"^ ?{_OTHERS}\b(?!.*\b(?:again|any ?more|ever|number off)\b)",
        rf"^(?: \w+){{0,3}}?(?: but| instead| just| please| rather| only)* {_CHANNEL} (?:this|that|the|me (?:on|at|later|tomorrow|after|in|tonight|next|back)|my|the other|another|instead|at|our|home|mobile|cell|office|him|her|the (?:office|landline))\b",
        r"^ (?:and|or) (?:ask|check|see|speak|talk|tell|let)\b",
        rf"^ ?(?:number |phone )?(?:instead|just (?:call|text|email)|just $)|^(?: \w+){{0,2}} {_CHANNEL} (?:me )?instead",
        r"^ (?:polic(?:y|ies)|form|link|button|option|fee|process|period|from the other|of (?:the )?(?:insurance|breakfast|parking))",
        r"^ (?:tomorrow|later|next|in (?:an|a|the|two|three|half)|tonight|please (?:tomorrow|later))",
        r"^ if (?:it is|you|i am) (?:busy|late|early|not)",
    ),
    "human": (
        r"^(?:'s| (?:to|who can|for) (?:fix|sign|install|clean|deliver|pick|look|repair|paint|collect|drive|meet|join|take|carry|watch|open|let|help me (?:move|carry)))",
        r"^ (?:yesterday|last|already|who (?:called|came|told|sold|rang)|at (?:reception|the (?:door|desk))|when i (?:arrive|get)|on holiday|said|told|was|were|is|are|by|fee|hours|number|desk|error|resources|rights|first|about it|for (?:installation|fitting|dinner|the table))",
    ),
}
TRIGGERS = {
    "opt_out": r"call|coal|ring|phon|contact|dial|text|messag|bother|disturb|harass|pester|annoy|bug|spam|hear from|remove|delete|take|get|strike|cross|drop|pull|scrub|erase|wipe|list|subscribe|opt|alone|lose|forget|block|consent|permission|stop|quit|cease|warning|number",
    "human": r"person|people|human|operator|agent|rep|manag|super|advis|some|any|staff|boss|assist|colleague|special|consult|customer|support|recept|sales|team|expert|transfer|connect|redirect|robot|machine|bot|computer|record|put|pass|hand|escalate|switch|forward|route|ai|superior|man|lady|guy",
}
GUARDED = (
    "hang up",
    "human resources",
    "travel agent",
    "estate agent",
    "real estate",
    "do not hesitate",
    "do not forget",
    "do not stop",
    "not forget",
    "not hesitate",
    "do not mind",
    "do not bother with",
    "do not bother sending",
    "no bother",
)
# Only such a match can be excused by what follows: "stop" and "remove" have no "but later".
EXCUSABLE = {
    "opt_out": r"^(?:please |kindly )?(?:do|don'?t|not|never|no|must|should|can)\b|opt|un ?sub|\bif\b|again",
    "human": "",
}
FIRM = {"opt_out": "(?!)", "human": "(?!)"}
