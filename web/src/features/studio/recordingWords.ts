// Words of recordings.
import { addProblemWords } from "@/ui/problems";
import { language, words } from "@/words";

addProblemWords({
  "not-on-sheet": { en: "No line of the sheet has this name", zh: "录音稿中没有同名的条目" },
  "recording-twice": { en: "Several files have this name", zh: "多个文件同名，无法判断用哪一个" },
  "several-lines": { en: "Several lines of the sheet have this name", zh: "录音稿中有多个同名的条目" },
  "one-recording": { en: "Exactly one recording belongs to a line", zh: "一个条目只能上传一个录音" },
  "too-many-files": { en: "More than 2,000 files at once", zh: "一次超过 2000 个文件" },
  "leads-out": { en: "This name leads out of its folder", zh: "文件名指向压缩包之外" },
  "name-too-long": { en: "The name of the line is longer than 200 characters", zh: "条目的文件名超过 200 个字符" },
  "no-recording-name": { en: "The script names a file that is no name of a recording", zh: "话术中的录音文件名无效" },
  "two-texts": { en: "One file is to say two texts", zh: "同一个录音文件对应两处不同文本" },
  "empty-archive": { en: "There is no file in the archive", zh: "压缩包中没有文件" },
  "bad-audio": { en: "This is no audio that can be read", zh: "不是可识别的音频文件" },
  "empty-audio": { en: "The file is empty", zh: "文件为空" },
  "damaged-audio": { en: "The recording is damaged", zh: "录音已损坏" },
  "audio-too-long": { en: "Longer than 60 seconds, or more samples than needed", zh: "超过 60 秒，或采样率、声道数过高" },
  silent: { en: "There is no sound in it", zh: "录音中没有声音" },
  sealed: { en: "It needs a password", zh: "压缩包有密码" },
  "bad-archive": { en: "The archive cannot be read", zh: "压缩包无法读取" },
  "archive-too-large": { en: "The archive holds more than 2,000 files or 1 GiB", zh: "压缩包超过 2000 个文件或 1 GiB" },
  "no-ffmpeg": { en: "M4A and AAC need the program ffmpeg on the server", zh: "M4A、AAC 需要服务器安装 ffmpeg" },
  "own-recording": { en: "Nobody accepts what they uploaded themselves, or takes back what was said of it", zh: "不能认可自己上传的录音，也不能撤销他人的结论" },
  "recordings-unheard": { en: "Not every recording was heard or accepted, or one was rejected", zh: "还有录音未经识别或人工确认，或已被驳回" },
  "no-reason": { en: "Say why", zh: "请说明原因" },
});

export const useWords = words("recordings", {
  en: {
    title: "Recordings", script: "To the script", drop: "Drop recordings or a ZIP here, or click to choose", dropHint: "Named like the lines of the sheet, whatever their ending: WAV, FLAC, MP3, Ogg, M4A. At most 32 MiB and 60 s each, 250 MiB at once.",
    sending: "Uploading", recorded: "{{done}} of {{all}} recorded", all: "All", missing: "missing", stale: "text changed since", "recorded.state": "recorded", faulty: "Sound", doubtful: "To judge", text: "Text",
    state: "State", sound: "Sound", heard: "Heard", decision: "Decision", before: "As uploaded", after: "As played", play: "play {{file}}", change: "Change",
    seconds: "{{n}} s", level: "{{n}} dBFS", listen: "Let the recogniser listen ({{count}})", listenAgain: "Listen again", replace: "Replace", upload: "Upload", remove: "Delete", removeHow: "The draft loses it. Versions that were handed in with it keep it.",
    accept: "Accept", acceptAll: "Accept all shown ({{count}})", reject: "Reject", undecide: "Take back", note: "Note", noteWhy: "What is wrong with it", accepted: "accepted", rejected: "rejected", cancel: "Cancel",
    same: "same", differs: "differs", not_heard: "not heard", soundsLike: "sounds like {{file}}", alike: "{{n}} % alike", notListened: "nobody has listened", own: "You uploaded it: somebody else has to accept it",
    unnamed: "not named in the script: not played", namedHow: "Name it in the script: tab Recordings of the script, “Name all in the script”", leftover: "Of no line any more", leftoverHow: "These recordings belong to wordings that the script no longer has.",
    "fault.clipped": "clipped", "fault.too-loud": "too loud", "fault.too-quiet": "too quiet", "fault.noisy": "noisy", "fault.low-rate": "low sampling rate", "fault.too-short": "too short for its text", "fault.too-long": "too long for its text",
    imported: "{{n}} taken", unchanged: "{{n}} unchanged", failed: "{{n}} not taken", file: "File", problem: "What is wrong", hint: "How to mend it", hide: "Hide", ofVersion: "Recordings that the version {{digest}} was handed in with: they never change.", by: "uploaded by {{by}}",
    spoken: "{{count}} texts have no recordings: they are always synthesised", empty: "This script has nothing to record", saidThen: "recorded with the text", nothing: "Nothing in this view", toDraft: "Recordings of the draft", nameAll: "Name all in the script", named: "{{count}} names written; save the script", unnameable: "{{count}} can only be named in the text view", open: "Upload, listen, review",
  },
  zh: {
    title: "录音", script: "返回话术", drop: "将录音或 ZIP 拖到此处，或点击选择", dropHint: "文件名与录音稿一致，扩展名不限：WAV、FLAC、MP3、Ogg、M4A。每个不超过 32 MiB、60 秒，一次不超过 250 MiB。",
    sending: "上传中", recorded: "已录 {{done}} / {{all}}", all: "全部", missing: "未录", stale: "文本已改动", "recorded.state": "已录", faulty: "音质问题", doubtful: "待确认", text: "文本",
    state: "状态", sound: "声音", heard: "识别结果", decision: "人工确认", before: "原始", after: "处理后", play: "播放 {{file}}", change: "操作",
    seconds: "{{n}} 秒", level: "{{n}} dBFS", listen: "语音识别核对({{count}})", listenAgain: "重新识别", replace: "替换", upload: "上传", remove: "删除", removeHow: "草稿将不再使用该录音；已提交的版本不受影响。",
    accept: "认可", acceptAll: "认可当前全部({{count}})", reject: "驳回", undecide: "撤销", note: "备注", noteWhy: "请说明问题", accepted: "已认可", rejected: "已驳回", cancel: "取消",
    same: "一致", differs: "不一致", not_heard: "未听清", soundsLike: "听起来像 {{file}}", alike: "相似度 {{n}} %", notListened: "尚未核对", own: "自己上传的录音须由他人认可",
    unnamed: "话术未引用，不会播放", namedHow: "请在话术的“录音”标签页点击“全部写入话术”", leftover: "已无对应条目", leftoverHow: "这些录音对应的话术文本已不存在。",
    "fault.clipped": "削波失真", "fault.too-loud": "音量过大", "fault.too-quiet": "音量过小", "fault.noisy": "噪声大", "fault.low-rate": "采样率过低", "fault.too-short": "比文本短", "fault.too-long": "比文本长",
    imported: "已导入 {{n}} 个", unchanged: "未变化 {{n}} 个", failed: "未导入 {{n}} 个", file: "文件", problem: "问题", hint: "如何处理", hide: "收起", ofVersion: "版本 {{digest}} 提交时的录音，不会再改变。", by: "{{by}} 上传",
    spoken: "{{count}} 处文本没有录音，始终由语音合成", empty: "该话术没有可录音的文本", saidThen: "录音时的文本", nothing: "没有符合条件的条目", toDraft: "草稿的录音", nameAll: "全部写入话术", named: "已写入 {{count}} 个录音文件名，请保存话术", unnameable: "{{count}} 个只能在文本视图中写入", open: "上传、试听、核对",
  },
});

// The server says in English how to mend something.
const HINTS: Record<string, string> = {
  "not-on-sheet": "按录音稿中的文件名命名，或在对应条目上点“上传”。", "recording-twice": "只保留其中一个。", "several-lines": "在对应条目上点“上传”。", "one-recording": "请在该条目上只上传一个文件。", "too-many-files": "请分几次上传。", "two-texts": "请为每句话写不同的 audio。", "no-recording-name": "请写成 opening.wav 这样的文件名。", "leads-out": "按录音稿中的文件名命名。", "name-too-long": "在话术中缩短 audio。", "empty-archive": "放入录音后重新压缩上传。", "bad-audio": "另存为 WAV、FLAC、MP3、Ogg 或 M4A。",
  "empty-audio": "请重新上传。", "damaged-audio": "请重新保存。", "audio-too-long": "剪成单句；用 48 kHz 单声道保存。", silent: "请重录，并检查话筒是否打开。", sealed: "不设密码重新压缩。",
  "bad-archive": "重新压缩为普通 ZIP。", "archive-too-large": "只压缩本话术的录音，或分几次上传。", "no-ffmpeg": "另存为 WAV、FLAC 或 MP3，或请管理员安装 ffmpeg。", "too-large": "另存为 MP3，或 48 kHz 单声道。",
};

export function hintOf(code: string, hint: string): string {
  return language() === "zh" ? (HINTS[code] ?? hint) : hint;
}
