# ruff: noqa: E501 - one pattern per line, however long
"""Own English phone list: insults, threats, complaints, busy, refusals, and how it feels.

One pattern per line; `(a|b|)` are alternatives. Contracted spellings (don't, dont, can't, i'm) are added when the list is built. Matches
keep to word boundaries. `GUARDS` are longer phrases in which a listed one means something else: the longest match wins.
"""

from __future__ import annotations

__all__ = ["FLIPS", "GUARDS", "INTENSE", "NEGATIVE", "PHRASES", "POSITIVE"]

PHRASES = {
    "insult": """
(you |)(fucking|fuckin|fuck off|fuck you|fuck this|fuck|fucker|motherfucker|fucked)
(bull|)shit
(piece of shit|shithead|shitty)
asshole
arsehole
bastard
bitch
son of a bitch
cunt
dickhead
you dick
prick
wanker
tosser
twat
moron
you idiot
you (stupid|dumb) (idiot|machine|robot|bot|cow|man|woman|fool)
idiots
imbecile
dumbass
jackass
retard
scumbag
scum
you scammer
scammers
you (crook|liar|thief|fraud|loser|clown|pig|muppet|pervert)
crooks
go to hell
screw you
piss off
bugger off
sod off
get lost
get stuffed
shut up
shut the hell up
damn you
goddamn
bloody hell
bloody idiot
drop dead
kiss my ass
kiss my arse
up yours
shove it
stick it up
what the hell
what the fuck
""",
    "threat": """
(call|calling|phone|ring|get|tell) the (police|cops)
(report|reporting) (you|this) to the police
(i will|i am going to|going to|gonna|will) (sue|report|find|kill|hurt|hunt|get|destroy|ruin) you
(sue|suing) (you|your company)
see you in court
take you to court
(my|a) (lawyer|solicitor|attorney) will
(hear|hearing) from my (lawyer|solicitor|attorney)
legal action
(press|file) charges
you will (regret|pay for) (this|it)
(kill|hurt|beat) you
i know where you
or else
expose you
""",
    "complaint": """
(make|file|lodge|raise|submit|register|put in|have) (a|an) (formal |official |serious |)complaint
(i will|i am going to|going to|want to|have to|i would like to|i shall|i must) (complain|report you|report this)
complain about (you|this|your)
(i am|we are) (reporting|complaining)
report (you|this call|this number|your number|your company) (to|as|for)
(ftc|fcc|ofcom|ico|trading standards|ombudsman|consumer protection|better business bureau|gdpr)
(this is|that is|it is) (harassment|harassing|spam|a scam|illegal|against the law|an invasion of privacy|fraud)
(spam|nuisance|scam|cold) call
(harassing|pestering|spamming) (me|us)
(you|they) (keep|kept) (calling|ringing|bothering|phoning)
(every|all) (single |)day (you|they) (call|ring)
how many times
(how|where) did you get (my|this) (number|name|details|information)
who gave you (my|this) number
(third|fourth|fifth|tenth|hundredth|umpteenth) (time|call) (today|this week|already)
""",
    "busy": """
(i am|am|are|is|we are|he is|she is|kind of|sort of|bit|little|very|so|really|too|quite|pretty|rather|super|extremely|terribly|currently|just|already|still) (busy|tied up|swamped|slammed|occupied|snowed under)
busy (right now|at the moment|now|today|at work|with)
in (a|the middle of a|the middle of|another) (meeting|conference|call|class|interview|lecture|something|an exam|the office|work|dinner|lunch|surgery|lesson|session)
in the middle of (something|a|an|my|dinner|lunch|work|cooking)
in (class|court|surgery|traffic|hospital|meetings)
(i am|am|was|currently|just|still) (driving|working|eating|cooking|sleeping|at work|in work|on a call|on another call|on the other line|on the road|on the train|on a train|on the bus|boarding|at the doctor|at the hospital|at dinner|having dinner|having lunch|having breakfast|putting the kids to bed|teaching|with a client|with a customer|with a patient|with someone|travelling|traveling|commuting|shopping|in the shower|about to go|about to leave|heading out|on my way out|running late|in a rush|in a hurry|rushing|cycling)
driving (right now|now|at the moment)
at work (right now|now|at the moment|so)
(do not|did not|have not|not|no|never|have no|have not got|do not really|do not even) (have |got |)(the |any |much |enough |a lot of |)time (now|right now|for|to|today|at the moment|this)
(i|we) (do not|have not|have no|have not got) (have |got |any |the |)time
i have no time
no time
(not|is not|was not) (a |the |really a |such a |very )(good|great|best|convenient|right|ideal) (time|moment)
bad (time|moment)
(can not|can't really|unable to) (talk|speak|chat|take this call|take calls|take the call|answer|really talk) (right now|now|at the moment|here|today|to you right now|)
(call|ring|phone|try) (me|us|back|again) (back |again |)(later|another time|some other time|tomorrow|in an hour|in a bit|after work|tonight|in the evening|next week|when)
call (me |)back
catch me (at a bad|later)
(not|is not|not very|not really) convenient (right now|now|at the moment|to talk|)
my hands are full
got my hands full
i have (to go|to run|got to go|to leave|a meeting|another call|an appointment|guests|company)
got to (go|run)
something (came|has come) up
""",
    "refuse": """
(not|no longer|not really|not at all|not even|not that|never) interested
no interest
(do not|did not|would not|will not|do not really|no longer) (need|want|require|care for) (it|one|any|this|that|anything|your|to buy|to|the|a)
(i|we) (do not|would not|will not) (want|need|think so|care)
no (thanks|thank you|need)
not (for me|today thanks|today thank you|my thing|going to (buy|happen|do)|buying|necessary|needed)
(i will|i would|think i will|have to|going to) (pass|decline)
(i|we) (decline|refuse|reject)
(already|we already|i already) (have|got|own|bought)
no way
forget it
(i am|we are) (good|fine|all set|ok) (thanks|thank you|as (i am|we are))
i would rather not
can not afford
not at this time
count me out
(leave|drop) it
""",
}

GUARDS = """
(not|never|not very|not too|not that|not really|not so|not particularly|not at all|no longer|am not|are not|is not|are you|is he|is she|were you) (busy|tied up|occupied|driving|working|in a meeting|at work|cooking|in the middle of anything|in the middle of something|eating|sleeping)
(not|am not|are not|is not) (currently |)(busy|driving|working|in a meeting|at work|on a call)(right now| at the moment|)
(are|is|were|am) (you|he|she|they) (busy|driving|at work|in a meeting|working)
(if|when|unless|whenever) (you are|i am|he is|she is|they are) (not |)(busy|driving|in a meeting|at work)
(i am|am|are|is|we are) not (that |too |very |so |really |at all |)busy
(do not|no) (need to |have to |want to |)(transfer|connect|put|forward) me
(do not|no need to|not|never|did not ask to|did not want to|no reason to|i do not need to|i do not want to|do not need to|do not want to) (talk|speak|chat|be transferred|be connected) (to|with) (a |an |the |your |)(real |)(person|human|human being|operator|agent|manager|supervisor|representative|someone|somebody|anyone|boss)
(do not|did not) (need|want|ask for|require) (a|an|another|your|any) (real |live |human |)(person|human|operator|agent|manager|representative|supervisor)
no need for (a|an) (human|person|operator|agent|manager)
(am i|are you|is this|i am|this is|so you are|you are|was that) (talking to |speaking to |speaking with |talking with |)(a|an) (real |actual |live |)(person|human|human being|agent|operator|manager)
i (want|need|would like|like|have) (a|another|the) (person|manager) (for|who|to (come|fit|install|clean))
do not (stop|hesitate)( calling| to call| to contact|)
(do not|never) (call|ring|phone|contact|bother|text) (him|her|them|my (husband|boss|office|mother|son|daughter) )
do not (bother|worry|call it|call that|call in the|call at|call before|call after|call between|call on|call until|call today|call tonight|call during|call now)
do not call me (in the|at (night|work|lunch|dinner|noon)|before|after|between|on (monday|tuesday|wednesday|thursday|friday|saturday|sunday|weekends|sundays)|until|today|tonight|tomorrow|this (morning|afternoon|evening|week)|during|late|early|sir|madam|right now|now|that|a|an|mr|mrs)
(i am not|i did not say|not saying|i never said) (do not call|stop calling|to stop calling|asking you to stop calling|saying do not call)
(did|do|would) you (stop|quit) calling
why did you stop calling
if you call me again (tomorrow|later|next|in|on|at|i will be|this afternoon|tonight)
if you call again (tomorrow|later|next|in|on|at)
if you (call|ring|phone) (me |)again (tomorrow|later|next week|in the|on monday|at)
(not|no|never|will not|am not going to|do not want to|not going to|not trying to|no need to|i would not) (complain|complaining|make a complaint|file a complaint|call the police|sue you|sue anyone|report you|report this|be rude)
(not|is not|was not) (a |)(spam|scam|harassment|spam call|scam call|complaint|nuisance call)
(no|not a|without) (complaint|complaints)
i have no complaints
(not|am not|is not|are not) (not|un)interested
(not|am not) saying i am not interested
no interest rate
no interest (for|until|on|charges|fees|payments)
(is|are|be|was) interest free
no time (limit|like|frame|zone|at all|like the present)
in no time
(a lot|lots|plenty) of time
what time
do you need (it|one|any|this|that|a|the)
bad time keeping
is (this|it|now) a bad (time|moment)
no need to (rush|hurry|worry|apologise|apologize|thank)
do not (need to|have to) (rush|hurry|worry|thank|apologise|apologize)
opt out of (the insurance|breakfast|parking|insurance)
human resources
(human|manual) error
customer service (is|was|number|has|desk|hours|awards)
leave (me|us) alone with
"""

NEGATIVE = """
annoying
annoyed
angry
furious
upset
frustrated
frustrating
fed up
sick of
tired of
ridiculous
terrible
awful
horrible
disappointed
disappointing
unacceptable
disgusting
disgraceful
outrageous
useless
worthless
rubbish
garbage
waste of time
wasting my time
hate
rude
unhappy
dissatisfied
pathetic
nonsense
a joke
worst
too slow
too expensive
rip off
ripped off
cheated
misled
lied
lying
worried
scared
sad
stressed
nightmare
enough is enough
had enough
shame on you
scam
poor service
bad service
bad experience
"""
POSITIVE = """
great
happy
pleased
satisfied
wonderful
excellent
perfect
fantastic
amazing
awesome
lovely
brilliant
delighted
glad
love
enjoyed
thank you so much
thanks so much
thanks a lot
thank you very much
appreciate
helpful
impressed
good job
well done
interested
sounds good
very good
really good
excited
looking forward
nice
recommend
"""
INTENSE = (
    "very",
    "so",
    "really",
    "extremely",
    "absolutely",
    "totally",
    "completely",
    "too",
    "quite",
    "incredibly",
    "bloody",
    "most",
)
FLIPS = (
    "not",
    "never",
    "no",
    "hardly",
    "not very",
    "not really",
    "not so",
    "not too",
    "not that",
    "not at all",
    "less than",
    "not exactly",
)
